using TorchSharp;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// Frees what a computation leaves behind as soon as it is done, but for its result. What the backward pass needs, the graph
/// holds.
/// Otherwise every handle lives to the end of the step and with it memory that Python's reference counts would have freed.
/// </summary>
internal static class Scoped
{
    public static Tensor Run(Func<Tensor> compute)
    {
        using var scope = NewDisposeScope();
        return compute().MoveToOuterDisposeScope();
    }
}
