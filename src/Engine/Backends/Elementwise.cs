namespace UnpairedSegEngine.Backends;

/// <summary>Elementwise functions of two tensors of one shape.</summary>
public enum BinaryFunction
{
    /// <summary>a + b.</summary>
    Add,

    /// <summary>a - b.</summary>
    Subtract,

    /// <summary>a * b.</summary>
    Multiply,

    /// <summary>a / b.</summary>
    Divide,
}

/// <summary>Elementwise functions of one tensor.</summary>
public enum UnaryFunction
{
    /// <summary>exp(x).</summary>
    Exponential,

    /// <summary>The natural logarithm.</summary>
    Logarithm,

    /// <summary>The square root.</summary>
    SquareRoot,

    /// <summary>|x|.</summary>
    Absolute,

    /// <summary>-1, 0 or 1.</summary>
    Sign,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>1 / (1 + exp(-x)).</summary>
    Sigmoid,

    /// <summary>tanh(x).</summary>
    HyperbolicTangent,

    /// <summary>ln(1 + exp(x)), without overflow; its derivative is the sigmoid.</summary>
    Softplus,
}
