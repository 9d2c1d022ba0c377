using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>y = x W + b for rows x, or y = x W.</summary>
public sealed class Linear
{
    private readonly Parameter kernel;
    private readonly Parameter? bias;

    /// <param name="store">Gets the parameters.</param>
    /// <param name="name">Path of the layer, which begins the names of its parameters.</param>
    /// <param name="inputs">Elements of a row of the input.</param>
    /// <param name="outputs">Elements of a row of the result.</param>
    /// <param name="initializer">First values of the kernel (inputs, outputs); the bias starts at zero.</param>
    /// <param name="hasBias">Whether a bias is added.</param>
    public Linear(ParameterStore store, string name, int inputs, int outputs, Initializer initializer, bool hasBias = true)
    {
        kernel = store.Create($"{name}.kernel", new Shape(inputs, outputs), ParameterKind.Kernel, initializer);
        if (hasBias)
            bias = store.Create($"{name}.bias", new Shape(outputs), ParameterKind.Bias, Initializer.Zeros);
    }

    /// <param name="context">The pass.</param>
    /// <param name="x">(samples, inputs).</param>
    public Variable Forward(ForwardContext context, Variable x)
    {
        Variable product = context.Tape.MatMul(x, kernel.Variable);
        return bias is null ? product : context.Tape.Add(product, context.Tape.Broadcast(bias.Variable, product.Shape, 0, 1));
    }
}
