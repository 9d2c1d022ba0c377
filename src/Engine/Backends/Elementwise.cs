namespace UnpairedSegEngine.Backends;

/// <summary>Elementwise functions of two tensors of one shape.</summary>
public enum BinaryFunction
{
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// <summary>Elementwise functions of one tensor.</summary>
public enum UnaryFunction
{
    Exponential,
    Logarithm,
    SquareRoot,
    Absolute,

    /// <summary>-1, 0 or 1.</summary>
    Sign,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>1 / (1 + exp(-x)).</summary>
    Sigmoid,

    HyperbolicTangent,

    /// <summary>ln(1 + exp(x)), without overflow; its derivative is the sigmoid.</summary>
    Softplus,
}
