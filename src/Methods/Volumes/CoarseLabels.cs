using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>
/// Samples with their class maps once more, in the sizes of a network's coarser stages: each position has the class of the voxel
/// at its middle.
/// </summary>
/// <param name="samples">Blocks of slices, whose class maps the device leaves as they are.</param>
/// <param name="stages">Of the network.</param>
internal sealed class CoarseLabels(ISampleSource samples, IReadOnlyList<CoarseStage> stages) : ISampleSource
{
    private readonly int source = samples.Tensors.Index().Single(tensor => tensor.Item.Name == VariedSamples.Labels).Index;

    public IReadOnlyList<string> Groups => samples.Groups;

    public IReadOnlyList<TensorKind> Tensors { get; } =
    [
        .. samples.Tensors,
        .. stages.Select(
            (stage, level) =>
                new TensorKind(
                    NameOf(level),
                    ShapeOf(samples.Tensors.Single(tensor => tensor.Name == VariedSamples.Labels).Shape, stage.Stride),
                    DType.UInt8
                )
        ),
    ];

    public IBatchPreparation? Preparation => samples.Preparation;

    public string Description => samples.Description;

    /// <summary>Name of the class maps of a coarse stage among a batch's tensors.</summary>
    public static string NameOf(int level) => $"labels_{level + 1}";

    /// <summary>The class of each position's middle voxel; of the two in the middle, the further one.</summary>
    public static void Pick(ReadOnlySpan<byte> labels, Shape shape, Size3 stride, Span<byte> coarse)
    {
        (int height, int width) = (shape[1], shape[2]);
        int i = 0;
        for (int z = stride.Depth / 2; z < shape[0]; z += stride.Depth)
        {
            for (int y = stride.Height / 2; y < height; y += stride.Height)
            {
                for (int x = stride.Width / 2; x < width; x += stride.Width)
                    coarse[i++] = labels[(((z * height) + y) * width) + x];
            }
        }
    }

    public SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample)
    {
        SampleOrigin origin = samples.Draw(group, ref stream, sample);
        ReadOnlySpan<byte> labels = sample.Elements<byte>(source);
        foreach ((int level, CoarseStage stage) in stages.Index())
            Pick(labels, samples.Tensors[source].Shape, stage.Stride, sample.Elements<byte>(samples.Tensors.Count + level));
        return origin;
    }

    private static Shape ShapeOf(Shape labels, Size3 stride) =>
        new(labels[0] / stride.Depth, labels[1] / stride.Height, labels[2] / stride.Width);
}
