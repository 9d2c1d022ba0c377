using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// One step of unpaired training: each modality forward through the shared kernels, losses, backward, Adam with L2 on the
/// kernels.
/// </summary>
internal sealed class UnpairedStep : IPeerStep
{
    private const double L2 = 1e-4,
        LearningRate = 1e-3;

    private readonly PeerNetwork network;
    private readonly MadeUpImages[] batches;
    private readonly Adam optimizer;

    /// <exception cref="ArgumentException">The batch cannot be halved.</exception>
    public UnpairedStep(Options options)
    {
        if (options.Batch % 2 != 0)
            throw new ArgumentException($"--batch {options.Batch} must be even: half of it is of each modality");
        network = PeerNetwork.Of(options);
        int half = options.Batch / 2;
        batches = [MadeUpImages.Of(options, 0, half), MadeUpImages.Of(options, half, half)];
        optimizer = optim.Adam([Group(network.Parameters.Kernels, L2), Group(network.Parameters.Others, 0)]);

        static Adam.ParamGroup Group(IEnumerable<Parameter> parameters, double decay) =>
            new(parameters, lr: LearningRate, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: decay);
    }

    public long Parameters => network.Parameters.Count;

    public void Run() =>
        Descent.Step(optimizer, network.Parameters, () => Losses.Total(Result(batches[0], 0), Result(batches[1], 1)));

    public void Dispose() => optimizer.Dispose();

    private ModalityResult Result(MadeUpImages batch, int modality)
    {
        Tensor logits = network.Forward(batch.Images, new Pass(modality, IsTraining: true));
        return new ModalityResult(logits, batch.OneHot(logits));
    }
}
