using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>
/// Images as a training method sees them: "images" (1, height, width, channels), normalized and varied, and "labels": the class,
/// one uint8, or where images have several labels a float32 per class, 1 for those it has and 0 for the others. Samples are drawn
/// with replacement, all images alike.
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

    /// <summary>One group: all images are of one kind.</summary>
    public IReadOnlyList<string> Groups { get; } = [Images];

    /// <summary><see cref="Images"/>, then <see cref="Labels"/>.</summary>
    public IReadOnlyList<TensorKind> Tensors { get; } =
    [
        new(Images, new Shape(1, images.Shape.Height, images.Shape.Width, images.Shape.Channels), DType.Float32),
        images.IsMultiLabel ? new(Labels, new Shape(images.ClassCount), DType.Float32) : new(Labels, default, DType.UInt8),
    ];

    /// <inheritdoc/>
    public string Description => images.Shape.ToString();

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

        return new SampleOrigin("{0}", images[image].Name);
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
