using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    public override void Unary(UnaryFunction function, Tensor x, Tensor y)
    {
        string kernel = function switch
        {
            UnaryFunction.Exponential => "elementwise_exponential",
            UnaryFunction.Logarithm => "elementwise_logarithm",
            UnaryFunction.SquareRoot => "elementwise_square_root",
            UnaryFunction.Absolute => "elementwise_absolute",
            UnaryFunction.Sign => "elementwise_sign",
            UnaryFunction.Relu => "elementwise_relu",
            UnaryFunction.Sigmoid => "elementwise_sigmoid",
            UnaryFunction.HyperbolicTangent => "elementwise_hyperbolic_tangent",
            UnaryFunction.Softplus => "elementwise_softplus",
            _ => throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function of one tensor"),
        };
        kernels.LaunchElementwise(
            "elementwise/unary",
            kernel,
            y.Count,
            new ElementwiseParameters
            {
                A = x.Pointer,
                Y = y.Pointer,
                Count = y.Count,
            }
        );
    }
}
