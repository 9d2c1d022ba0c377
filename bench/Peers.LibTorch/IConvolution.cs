using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>A convolution of a network with all that its result takes: padding before it, cropping behind it.</summary>
internal interface IConvolution
{
    Parameter Weight { get; }

    Tensor Forward(Tensor x);
}
