using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Optimizers;

/// <summary>
/// Gradients scaled down together where the norm of all of them is too large. Pascanu et al. 2013, arXiv:1211.5063. All of it is
/// operations of the backend: the host waits for no norm, so that a recorded step can do it.
/// </summary>
public static class GradientClipping
{
    /// <summary>
    /// g * min(1, largest / norm), where norm^2 is the sum of the squares of all elements of all gradients; each g itself, to the
    /// bit, where the norm is not above the largest.
    /// </summary>
    /// <param name="backend">Computes.</param>
    /// <param name="gradients">Of one element type; stay as they are. Null where a parameter has none.</param>
    /// <param name="largest">Above 0.</param>
    /// <returns>Scaled copies in their order, of the scope that is open.</returns>
    public static IReadOnlyList<Tensor?> ByNorm(Backend backend, IReadOnlyList<Tensor?> gradients, double largest)
    {
        if (!gradients.Any(gradient => gradient is not null))
            return gradients;
        Tensor factor = Factor(backend, [.. gradients.OfType<Tensor>()], largest);
        Tensor?[] scaled = [.. gradients.Select(gradient => gradient is null ? null : Scaled(backend, gradient, factor))];
        factor.Dispose();
        return scaled;
    }

    /// <summary>largest / (largest + max(norm - largest, 0)): exactly 1 up to the largest norm.</summary>
    private static Tensor Factor(Backend backend, IReadOnlyList<Tensor> gradients, double largest)
    {
        Tensor factor = One();
        using TensorScope scope = TensorScope.Open(backend.Device);
        Tensor norm = One(),
            part = One();
        backend.Fill(norm, 0);
        foreach (Tensor gradient in gradients)
        {
            using Tensor squares = Tensor.Allocate(backend.Device, gradient.Shape, gradient.DType);
            backend.Binary(BinaryFunction.Multiply, gradient, gradient, squares);
            backend.Sum(squares, 1, checked((int)gradient.Count), 1, part);
            backend.Binary(BinaryFunction.Add, norm, part, norm);
        }

        backend.Unary(UnaryFunction.SquareRoot, norm, norm);
        backend.Affine(norm, 1, -largest, norm);
        backend.Unary(UnaryFunction.Relu, norm, norm);
        backend.Affine(norm, 1, largest, norm);
        backend.Fill(part, largest);
        backend.Binary(BinaryFunction.Divide, part, norm, factor);
        return factor;

        Tensor One() => Tensor.Allocate(backend.Device, new Shape(1), gradients[0].DType);
    }

    private static Tensor Scaled(Backend backend, Tensor gradient, Tensor factor)
    {
        Tensor scaled = Tensor.Allocate(backend.Device, gradient.Shape, gradient.DType);
        backend.Broadcast(factor, 1, checked((int)gradient.Count), 1, scaled);
        backend.Binary(BinaryFunction.Multiply, gradient, scaled, scaled);
        return scaled;
    }
}
