using System.IO.Hashing;
using System.Text;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>
/// Images with labels for training and for testing, read from a folder into memory. The README of this project has the formats.
/// </summary>
public sealed class ImageDataset
{
    /// <summary>Labels of batches are bytes.</summary>
    public const int MostClasses = 256;

    private static readonly IReadOnlyList<IDatasetFormat> Formats = [new PngFolder(), new IdxFiles(), new CifarFiles()];

    /// <param name="folder">Where it was read from, for messages.</param>
    /// <param name="classNames">By class.</param>
    /// <param name="train">To learn from.</param>
    /// <param name="test">Of the same shape and classes; may be empty.</param>
    /// <exception cref="InvalidDataException">Too few or too many classes, a name twice, or no training images.</exception>
    internal ImageDataset(string folder, IReadOnlyList<string> classNames, ImageSet train, ImageSet test)
    {
        (Folder, ClassNames, Train, Test) = (folder, classNames, train, test);
        if (classNames.Count is < 2 or > MostClasses)
            throw new InvalidDataException($"'{folder}': has {classNames.Count} classes, expected 2 to {MostClasses}");
        if (classNames.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidDataException($"'{folder}': has the class {OneLine.Of(twice.Key)} twice");
        if (train.Count == 0)
            throw new InvalidDataException($"'{folder}': has no training images");
    }

    /// <summary>Where it was read from.</summary>
    public string Folder { get; }

    /// <summary>By class.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Whether an image may have several labels, or none.</summary>
    public bool IsMultiLabel => Train.IsMultiLabel;

    /// <summary>Of every image.</summary>
    public ImageShape Shape => Train.Shape;

    /// <summary>Images to learn from.</summary>
    public ImageSet Train { get; }

    /// <summary>Images to be judged by; may be empty.</summary>
    public ImageSet Test { get; }

    /// <summary>
    /// XxHash128 of all that can change a result: class names, shape, pixels, labels, proposals and places of objects, in order.
    /// Neither names of files nor their format matter.
    /// </summary>
    public string Fingerprint => field ??= Hash();

    /// <summary>Reads a dataset in whichever format the folder holds.</summary>
    /// <exception cref="InvalidDataException">No dataset, or a damaged one; the message names the file.</exception>
    public static ImageDataset Open(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InvalidDataException($"'{folder}': no such folder");
        IDatasetFormat[] found = [.. Formats.Where(format => format.IsIn(folder))];
        return found switch
        {
            [var format] => format.Read(folder),
            [] => throw new InvalidDataException(
                $"'{folder}': holds no images with labels; expected {string.Join(", or ", Formats.Select(f => f.Description))}"
            ),
            _ => throw new InvalidDataException(
                $"'{folder}': holds several datasets ({string.Join("; ", found.Select(f => f.Description))}); keep one of them"
            ),
        };
    }

    private string Hash()
    {
        var hash = new XxHash128();
        Append(IsMultiLabel ? 1 : 0, ClassNames.Count, Shape.Height, Shape.Width, Shape.Channels);
        foreach (string name in ClassNames)
        {
            byte[] text = Encoding.UTF8.GetBytes(name);
            Append(text.Length);
            hash.Append(text);
        }

        foreach (ImageSet set in new[] { Train, Test })
        {
            Append(set.Count);
            for (int i = 0; i < set.Count; i++)
                AppendImage(set[i]);
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());

        void Append(params ReadOnlySpan<int> numbers)
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            foreach (int number in numbers)
            {
                System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
                hash.Append(bytes);
            }
        }

        void AppendBox(ImageBox box, float last) =>
            Append([.. new[] { box.X1, box.Y1, box.X2, box.Y2, last }.Select(BitConverter.SingleToInt32Bits)]);

        void AppendImage(LabelledImage image)
        {
            hash.Append(image.Pixels);
            Append([image.Classes.Count, .. image.Classes, image.Proposals.Count, image.Objects.Count]);
            foreach (BoxProposal proposal in image.Proposals)
                AppendBox(proposal.Box, proposal.Score);
            foreach (ObjectBox box in image.Objects)
                AppendBox(box.Box, box.Class);
        }
    }
}
