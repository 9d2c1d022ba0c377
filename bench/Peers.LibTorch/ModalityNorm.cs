using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Batch normalization with a copy per modality, and the leaky ReLU that always follows it.</summary>
internal sealed class ModalityNorm
{
    private const double Momentum = 0.1,
        Epsilon = 1e-3,
        Slope = 0.2;

    private readonly Parameter[] gamma,
        beta;
    private readonly Tensor[] mean,
        variance;

    public ModalityNorm(PeerParameters parameters, long channels)
    {
        gamma = Each(() => parameters.Vector(channels, 1));
        beta = Each(() => parameters.Vector(channels, 0));
        mean = Each(() => zeros(channels));
        variance = Each(() => ones(channels));

        static T[] Each<T>(Func<T> make) => [.. Enumerable.Range(0, PeerNetwork.Modalities).Select(_ => make())];
    }

    public Tensor Forward(Tensor x, Pass pass)
    {
        int m = pass.Modality;
        return leaky_relu(
            batch_norm(x, mean[m], variance[m], gamma[m], beta[m], pass.IsTraining, Momentum, Epsilon),
            Slope,
            inplace: true
        );
    }
}
