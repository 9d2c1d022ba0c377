using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>How the logits of overlapping blocks become one.</summary>
public enum BlockBlending
{
    /// <summary>
    /// Weighted by a Gaussian of a deviation of an eighth of the block, so that centres count most (Isensee et al. 2021,
    /// nnU-Net).
    /// </summary>
    Gaussian,

    /// <summary>Mean.</summary>
    Uniform,

    /// <summary>
    /// The block whose middle is nearest. Where the overlap exceeds the network's receptive field, this is the prediction of the
    /// whole volume at once.
    /// </summary>
    Nearest,
}

/// <summary>How volumes are predicted.</summary>
/// <param name="Overlap">Share of a block that its neighbour covers, too: from 0 to below 1. For networks on blocks.</param>
/// <param name="Blending">How overlapping blocks become one.</param>
/// <param name="Mirror">Average with the prediction of the image mirrored left and right; only for networks trained with
/// mirroring, where sides don't matter.</param>
/// <param name="Batch">Slices per forward pass; does not change the result.</param>
public sealed record PredictionSettings(
    double Overlap = 0.5,
    BlockBlending Blending = BlockBlending.Gaussian,
    bool Mirror = false,
    int Batch = 8
)
{
    /// <exception cref="UsageException">The overlap is out of range.</exception>
    public PredictionSettings Validate() =>
        Overlap is >= 0 and < 1
            ? this
            : throw new UsageException(FormattableString.Invariant($"--overlap is {Overlap}, expected 0 to below 1"));
}
