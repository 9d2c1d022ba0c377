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
}
