namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Times whole training steps.</summary>
internal static class StepBench
{
    /// <exception cref="ArgumentException">The batch is of no use to the network.</exception>
    public static PeerResult Run(StepOptions options)
    {
        using IPeerStep step = options.Network switch
        {
            Options.ResNet20 => new ClassifierStep(options),
            Options.Uagan => new UaganStep(options),
            _ => new UnpairedStep(options),
        };
        return PeerResult.Of(options, "step", step.Parameters, Measurement.Of(options.Seconds, step.Run));
    }
}
