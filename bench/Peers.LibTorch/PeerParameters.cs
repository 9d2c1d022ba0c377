using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Makes and holds the parameters of a network.</summary>
internal sealed class PeerParameters(Layout layout)
{
    private readonly List<Parameter> kernels = [],
        others = [];

    /// <summary>Kernels of convolutions: L2 is on these.</summary>
    public IReadOnlyList<Parameter> Kernels => kernels;

    /// <summary>Of normalizations, and the bias of the logits.</summary>
    public IReadOnlyList<Parameter> Others => others;

    public IEnumerable<Parameter> All => kernels.Concat(others);

    public long Count => All.Sum(p => p.numel());

    /// <summary>A kernel, its first values as in the published code.</summary>
    public Parameter Kernel(params long[] shape)
    {
        using var scope = NewDisposeScope();
        Tensor values = empty(shape);
        nn.init.trunc_normal_(values, 0, 0.01, -0.02, 0.02);
        var kernel = new Parameter(layout.Arrange(values).DetachFromDisposeScope());
        kernels.Add(kernel);
        return kernel;
    }

    /// <summary>One value per channel.</summary>
    public Parameter Vector(long channels, float value)
    {
        var vector = new Parameter(full([channels], value));
        others.Add(vector);
        return vector;
    }
}
