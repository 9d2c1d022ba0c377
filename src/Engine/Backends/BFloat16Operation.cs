namespace UnpairedSegEngine.Backends;

/// <summary>Operations that the contract lets read and write tensors stored as bfloat16.</summary>
internal enum BFloat16Operation
{
    /// <summary><see cref="Backend.Binary"/>: the sum of two gradients.</summary>
    Add,

    /// <summary><see cref="Backend.CopyChannels"/>.</summary>
    CopyChannels,

    /// <summary><see cref="Backend.Dropout"/>.</summary>
    Dropout,

    /// <summary><see cref="Backend.ConvolutionForward"/> and <see cref="Backend.FusedConvolutionForward"/>.</summary>
    ConvolutionForward,

    /// <summary>
    /// <see cref="Backend.ConvolutionBackwardData"/>, <see cref="Backend.ConvolutionBackwardWeights"/> and
    /// <see cref="Backend.FusedConvolutionBackward"/>.
    /// </summary>
    ConvolutionBackward,

    /// <summary><see cref="Backend.NormalizationStatistics"/>.</summary>
    NormalizationStatistics,

    /// <summary><see cref="Backend.NormalizationForward"/>.</summary>
    NormalizationForward,

    /// <summary><see cref="Backend.NormalizationBackward"/>.</summary>
    NormalizationBackward,

    /// <summary><see cref="Backend.ResidualAdd"/>.</summary>
    ResidualAdd,
}
