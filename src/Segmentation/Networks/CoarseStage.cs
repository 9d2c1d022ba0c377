using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>A stage on the way back up to full resolution.</summary>
/// <param name="Stage">Of the network.</param>
/// <param name="Stride">Voxels of the image along each axis for a position of its result.</param>
public sealed record CoarseStage(NetworkStage Stage, Size3 Stride);
