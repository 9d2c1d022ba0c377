using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>What a forward pass is for.</summary>
internal readonly record struct Pass(int Modality, bool IsTraining);

/// <summary>A network of shared kernels with a set of normalizations for each modality.</summary>
internal abstract class PeerNetwork(PeerParameters parameters)
{
    public const int Classes = 5;
    public const int Modalities = 2;

    /// <summary>Neighbouring slices that the 2D network sees.</summary>
    public const int Slices = 3;

    public PeerParameters Parameters => parameters;

    /// <summary>The network of the options. Refuses one that is not the published network.</summary>
    public static PeerNetwork Of(Options options)
    {
        var parameters = new PeerParameters(options.Layout);
        PeerNetwork network = options.Is3D
            ? new UNet3D(parameters, options.Channels)
            : new DilatedNetwork2D(parameters, options.Channels);
        ParameterCount.Require(network, options.Channels);
        return network;
    }

    /// <summary>Trainable parameters that the network must have at F channels.</summary>
    public abstract long ExpectedParameters(long f);

    /// <summary>Images (batch, channels, positions...) to logits.</summary>
    public abstract Tensor Forward(Tensor images, Pass pass);
}
