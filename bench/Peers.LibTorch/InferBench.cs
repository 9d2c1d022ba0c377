using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Times predictions: logits with the running statistics, and the class of each position.</summary>
internal static class InferBench
{
    public static PeerResult Run(InferOptions options)
    {
        PeerNetwork network = PeerNetwork.Of(options);
        MadeUpImages batch = MadeUpImages.Of(options, 0, options.Batch);
        using var mode = inference_mode();
        return PeerResult.Of(
            options,
            "infer",
            network.Parameters.Count,
            Measurement.Of(
                options.Seconds,
                () =>
                {
                    using var scope = NewDisposeScope();
                    network.Forward(batch.Images, new Pass(0, IsTraining: false)).argmax(1);
                }
            )
        );
    }
}
