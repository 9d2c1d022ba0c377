using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void ConvolutionForward(ConvolutionProblem problem, Tensor x, Tensor w, Tensor? bias, Tensor y, bool accumulate = false)
        => convolution.Forward(problem, PointerOf(x), PointerOf(w), PointerOrNull(bias), PointerOf(y), accumulate);

    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx)
        => convolution.BackwardData(problem, PointerOf(gy), PointerOf(w), PointerOf(gx));

    public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw)
        => convolution.BackwardWeights(problem, PointerOf(x), PointerOf(gy), PointerOf(gw));
}
