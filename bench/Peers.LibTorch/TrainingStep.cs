using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// One step of unpaired training: each modality forward through the shared kernels, losses, backward, Adam with L2 on the
/// kernels.
/// </summary>
internal sealed class TrainingStep : IDisposable
{
    private const double L2 = 1e-4,
        LearningRate = 1e-3;

    private readonly PeerNetwork network;
    private readonly Adam optimizer;

    public TrainingStep(PeerNetwork network)
    {
        this.network = network;
        optimizer = optim.Adam([Group(network.Parameters.Kernels, L2), Group(network.Parameters.Others, 0)]);

        static Adam.ParamGroup Group(IEnumerable<Parameter> parameters, double decay) =>
            new(parameters, lr: LearningRate, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: decay);
    }

    /// <summary>Trains on a batch of each modality.</summary>
    /// <returns>The loss.</returns>
    /// <exception cref="InvalidOperationException">The loss is not finite.</exception>
    public float Run(MadeUpImages a, MadeUpImages b)
    {
        float loss = Backward(a, b);
        if (!float.IsFinite(loss))
            throw new InvalidOperationException($"the loss is {loss}");
        Update();
        return loss;
    }

    public void Dispose() => optimizer.Dispose();

    private void Update()
    {
        optimizer.step();

        // As zero_grad does by default in Python; TorchSharp's keeps the gradients and fills them with zeros.
        foreach (Parameter parameter in network.Parameters.All)
            parameter.grad = null;

        // TorchSharp's Adam leaves twice the size of the parameters to finalizers, at every step: without this the peer would
        // only grow larger and slower.
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    /// <summary>
    /// Nothing but the gradients is left of it: native memory would otherwise wait for the garbage collector, which does not see
    /// it.
    /// </summary>
    private float Backward(MadeUpImages a, MadeUpImages b)
    {
        using var scope = NewDisposeScope();
        Tensor loss = Losses.Total(Result(a, 0), Result(b, 1));
        loss.backward();
        return loss.item<float>();
    }

    private ModalityResult Result(MadeUpImages batch, int modality)
    {
        Tensor logits = network.Forward(batch.Images, new Pass(modality, IsTraining: true));
        return new ModalityResult(logits, batch.OneHot(logits));
    }
}
