using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>What a parameter is for; optimizers and importers treat the kinds differently.</summary>
public enum ParameterKind
{
    /// <summary>Weights of a convolution or linear layer: decayed by L2.</summary>
    Kernel,

    /// <summary>Gamma and beta of a normalization.</summary>
    Affine,

    Bias,

    /// <summary>Running mean and variance: state without a gradient.</summary>
    Statistic,
}

/// <summary>A named tensor that belongs to a network and is stored in its checkpoints.</summary>
public sealed record Parameter(string Name, ParameterKind Kind, Variable Variable)
{
    public Tensor Value => Variable.Value;

    public bool IsTrainable => Kind != ParameterKind.Statistic;
}
