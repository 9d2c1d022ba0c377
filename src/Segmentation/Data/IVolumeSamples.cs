using UnpairedSegEngine.Random;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Samples drawn from volumes, before they are varied. Implementations are drawn from by several threads at once.
/// </summary>
public interface IVolumeSamples
{
    /// <summary>The modalities that samples can be drawn of.</summary>
    IReadOnlyList<Modality> Modalities { get; }

    /// <summary>The size of every sample.</summary>
    SampleShape Shape { get; }

    /// <summary>Draws one sample: the same stream gives the same sample.</summary>
    /// <param name="modality">Which modality to draw from.</param>
    /// <param name="stream">The random numbers that decide which sample.</param>
    /// <param name="image">Receives (depth, height, width, channels).</param>
    /// <param name="labels">Receives (depth, height, width).</param>
    /// <returns>Which sample it is.</returns>
    SampleOrigin Draw(Modality modality, ref PhiloxStream stream, Span<float> image, Span<byte> labels);
}
