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

    /// <summary>Added to the channels of a convolution or linear layer.</summary>
    Bias,

    /// <summary>Running mean and variance: state without a gradient.</summary>
    Statistic,
}

/// <summary>A named tensor that belongs to a network and is stored in its checkpoints.</summary>
public sealed record Parameter(string Name, ParameterKind Kind, Variable Variable)
{
    /// <summary>Its content.</summary>
    public Tensor Value => Variable.Value;

    /// <summary>Whether optimizers update it; statistics follow from the data.</summary>
    public bool IsTrainable => Kind != ParameterKind.Statistic;
}
