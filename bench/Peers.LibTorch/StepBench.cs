namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Times whole training steps, half of the batch of each modality.</summary>
internal static class StepBench
{
    /// <exception cref="ArgumentException">The batch cannot be halved.</exception>
    public static PeerResult Run(StepOptions options)
    {
        if (options.Batch % 2 != 0)
            throw new ArgumentException($"--batch {options.Batch} must be even: half of it is of each modality");
        PeerNetwork network = PeerNetwork.Of(options);
        using var step = new TrainingStep(network);
        int half = options.Batch / 2;
        MadeUpImages a = MadeUpImages.Of(options, 0, half),
            b = MadeUpImages.Of(options, half, half);
        return PeerResult.Of(options, "step", network, Measurement.Of(options.Seconds, () => step.Run(a, b)));
    }
}
