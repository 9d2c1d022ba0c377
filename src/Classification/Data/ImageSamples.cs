using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>
/// Images as a training method sees them: "images" (1, height, width, channels), normalized and varied, and "labels": the class,
/// one uint8, or where images have several labels a float32 per class, 1 for those it has and 0 for the others. Samples are drawn
/// with replacement, all images alike. <see cref="WithProposals"/> adds where objects may be.
/// </summary>
/// <param name="images">To draw from.</param>
/// <param name="normalization">Of the images that the network learns from.</param>
/// <param name="config">How samples are varied.</param>
public sealed class ImageSamples(ImageSet images, PixelNormalization normalization, ImagesConfig config) : ISampleSource
{
    /// <summary>Name of the images among a batch's tensors.</summary>
    public const string Images = "images";

    /// <summary>Name of the labels among a batch's tensors.</summary>
    public const string Labels = "labels";

    /// <summary>
    /// Of <see cref="WithProposals"/>: (proposals, 5), 0, x1, y1, x2, y2 in pixels; zeros where there are fewer.
    /// </summary>
    public const string Regions = "regions";

    /// <summary>Of <see cref="WithProposals"/>: (proposals), how likely each holds an object; 0 where there are fewer.</summary>
    public const string RegionScores = "region_scores";

    /// <summary>Of <see cref="WithProposals"/>: (proposals), 1 for a proposal, 0 where there are fewer.</summary>
    public const string RegionMask = "region_mask";

    private IReadOnlyList<RegionRows> regions = [];

    /// <summary>One group: all images are of one kind.</summary>
    public IReadOnlyList<string> Groups { get; } = [Images];

    /// <summary><see cref="Images"/>, <see cref="Labels"/>, then what there is of regions.</summary>
    public IReadOnlyList<TensorKind> Tensors { get; private init; } =
    [
        new(Images, new Shape(1, images.Shape.Height, images.Shape.Width, images.Shape.Channels), DType.Float32),
        images.IsMultiLabel ? new(Labels, new Shape(images.ClassCount), DType.Float32) : new(Labels, default, DType.UInt8),
    ];

    /// <inheritdoc/>
    public string Description => images.Shape.ToString();

    /// <summary>
    /// The same samples, drawn by the same numbers, with <see cref="Regions"/>, <see cref="RegionScores"/> and
    /// <see cref="RegionMask"/>: boxes move with the pixels, those that leave the image become its border.
    /// </summary>
    /// <param name="most">Proposals of an image: its best ones if it has more, those that its edges suggest if it has
    /// none.</param>
    public ImageSamples WithProposals(int most) =>
        new(images, normalization, config)
        {
            regions = RegionRows.Of(images, most),
            Tensors =
            [
                .. Tensors,
                new(Regions, new Shape(most, RegionRows.Numbers), DType.Float32),
                new(RegionScores, new Shape(most), DType.Float32),
                new(RegionMask, new Shape(most), DType.Float32),
            ],
        };

    /// <inheritdoc/>
    public SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample)
    {
        int image = stream.NextIndex(images.Count);
        bool isFlipped = config.Flip && stream.NextIndex(2) == 1;
        int range = (2 * config.CropPadding) + 1,
            down = stream.NextIndex(range) - config.CropPadding,
            right = stream.NextIndex(range) - config.CropPadding;
        Vary(images.Pixels(image), isFlipped, down, right, sample.Elements<float>(0));
        if (images.IsMultiLabel)
        {
            Span<float> labels = sample.Elements<float>(1);
            labels.Clear();
            foreach (int label in images[image].Classes)
                labels[label] = 1;
        }
        else
        {
            sample.Elements<byte>(1)[0] = (byte)images.Label(image);
        }

        if (regions.Count > 0)
            regions[image]
                .Fill(
                    box => Move(box, isFlipped, down, right),
                    sample.Elements<float>(2),
                    sample.Elements<float>(3),
                    sample.Elements<float>(4)
                );
        return new SampleOrigin("{0}", images[image].Name);
    }

    /// <summary>Where a box is after <see cref="Vary"/>.</summary>
    private ImageBox Move(ImageBox box, bool isFlipped, int down, int right)
    {
        (float x1, float x2) = isFlipped ? (images.Shape.Width - 1 - box.X2, images.Shape.Width - 1 - box.X1) : (box.X1, box.X2);
        return new ImageBox(Column(x1), Row(box.Y1), Column(x2), Row(box.Y2));

        float Column(float x) => Math.Clamp(x - right, 0, images.Shape.Width - 1);
        float Row(float y) => Math.Clamp(y - down, 0, images.Shape.Height - 1);
    }

    /// <summary>Mirrors, then cuts out of an image with a black border, and normalizes.</summary>
    private void Vary(ReadOnlySpan<byte> pixels, bool isFlipped, int down, int right, Span<float> values)
    {
        (int height, int width, int channels) = images.Shape;
        for (int y = 0, i = 0; y < height; y++)
        {
            int row = y + down;
            for (int x = 0; x < width; x++)
            {
                int column = x + right;
                bool isInside = row >= 0 && row < height && column >= 0 && column < width;
                int from = ((row * width) + (isFlipped ? width - 1 - column : column)) * channels;
                for (int c = 0; c < channels; c++, i++)
                    values[i] = normalization.Value(isInside ? pixels[from + c] : (byte)0, c);
            }
        }
    }
}
