using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>
/// Samples with the same regions in pixels of the student's smaller image: corners scaled and floored, as published.
/// </summary>
/// <param name="samples">With proposals.</param>
/// <param name="shape">Of their images.</param>
/// <param name="side">Height and width of the student's image; 0 where it sees images as they are.</param>
internal sealed class StudentRegions(ImageSamples samples, ImageShape shape, int side) : ISampleSource
{
    /// <summary>Name of the corners among a batch's tensors: as <see cref="ImageSamples.Regions"/>.</summary>
    public const string Corners = "student_regions";

    private readonly int source = samples.Tensors.Index().Single(tensor => tensor.Item.Name == ImageSamples.Regions).Index;

    /// <summary>By which image, columns and rows are multiplied.</summary>
    private readonly float[] scales = Scales(
        side == 0 ? 1 : (float)side / shape.Width,
        side == 0 ? 1 : (float)side / shape.Height
    );

    public IReadOnlyList<string> Groups => samples.Groups;

    public IReadOnlyList<TensorKind> Tensors { get; } =
    [.. samples.Tensors, samples.Tensors.Single(tensor => tensor.Name == ImageSamples.Regions) with { Name = Corners }];

    public string Description => samples.Description;

    public SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample)
    {
        SampleOrigin origin = samples.Draw(group, ref stream, sample);
        ReadOnlySpan<float> corners = sample.Elements<float>(source);
        Span<float> scaled = sample.Elements<float>(Tensors.Count - 1);
        for (int i = 0; i < scaled.Length; i++)
            scaled[i] = MathF.Floor(corners[i] * scales[i % scales.Length]);
        return origin;
    }

    private static float[] Scales(float ofColumns, float ofRows) => [1, ofColumns, ofRows, ofColumns, ofRows];
}
