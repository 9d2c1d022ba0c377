using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>
/// The files of MNIST and its successors (LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist/): big-endian sizes, then
/// bytes. May be compressed by gzip.
/// </summary>
internal sealed class IdxFiles : IDatasetFormat
{
    private const int ImagesMagic = 0x803,
        LabelsMagic = 0x801,
        HeaderBytes = 16,
        MostSide = 4096,
        MostImages = 10_000_000;

    /// <summary>SHA-256 of the training labels of Fashion-MNIST, whose files name no classes and are called as those of
    /// MNIST.</summary>
    private const string FashionLabels = "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7";

    private static readonly string[] Fashion =
    [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ];

    public string Description => "IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-..., with .gz or without)";

    public bool IsIn(string folder) => Find(folder, "train-images-idx3-ubyte") is not null;

    public ImageDataset Read(string folder)
    {
        (ImageShape shape, byte[][] trainImages) = Images(Require(folder, "train-images-idx3-ubyte"));
        byte[] trainLabels = Labels(Require(folder, "train-labels-idx1-ubyte"), trainImages.Length);
        byte[][] testImages = [];
        byte[] testLabels = [];
        if (Find(folder, "t10k-images-idx3-ubyte") is { } path)
        {
            (ImageShape testShape, testImages) = Images(path);
            if (testShape != shape)
                throw new InvalidDataException($"'{path}': images are {testShape}, but those for training {shape}");
            testLabels = Labels(Require(folder, "t10k-labels-idx1-ubyte"), testImages.Length);
        }

        int classes = 1 + Math.Max(trainLabels.Max(), testLabels.DefaultIfEmpty((byte)0).Max());
        IReadOnlyList<string> names = NamesOf(folder, trainLabels, classes);
        return new ImageDataset(
            folder,
            names,
            SetOf("train", shape, names.Count, trainImages, trainLabels),
            SetOf("t10k", shape, names.Count, testImages, testLabels)
        );
    }

    private static IReadOnlyList<string> NamesOf(string folder, byte[] trainLabels, int classes) =>
        ClassNameFile.TryRead(folder, classes)
        ?? (
            Convert.ToHexStringLower(SHA256.HashData(trainLabels)) == FashionLabels
                ? Fashion
                : [.. Enumerable.Range(0, classes).Select(label => $"{label}")]
        );

    private static ImageSet SetOf(string split, ImageShape shape, int classes, byte[][] images, byte[] labels) =>
        new(
            shape,
            classes,
            isMultiLabel: false,
            [.. images.Select((pixels, i) => new LabelledImage($"{split} image {i}", pixels, [labels[i]]))]
        );

    private static (ImageShape Shape, byte[][] Images) Images(string path)
    {
        using Stream stream = OpenBytes(path);
        int[] header = Header(path, stream, ImagesMagic, 3);
        if (header is not [> 0 and <= MostImages, > 0 and <= MostSide, > 0 and <= MostSide])
            throw new InvalidDataException(
                $"'{path}': says {header[0]} images of {header[1]}x{header[2]} pixels, expected 1 to {MostImages} of at most "
                    + $"{MostSide}x{MostSide}"
            );
        var shape = new ImageShape(header[1], header[2], 1);
        var images = new byte[header[0]][];
        for (int i = 0; i < images.Length; i++)
            Fill(path, stream, images[i] = new byte[shape.Length]);
        RequireEnd(path, stream);
        return (shape, images);
    }

    private static byte[] Labels(string path, int images)
    {
        using Stream stream = OpenBytes(path);
        int count = Header(path, stream, LabelsMagic, 1)[0];
        if (count != images)
            throw new InvalidDataException($"'{path}': has {count} labels, but there are {images} images");
        var labels = new byte[count];
        Fill(path, stream, labels);
        RequireEnd(path, stream);
        return labels;
    }

    private static int[] Header(string path, Stream stream, int magic, int axes)
    {
        var bytes = new byte[4 * (axes + 1)];
        Fill(path, stream, bytes);
        int[] numbers = [.. bytes.Chunk(4).Select(four => BinaryPrimitives.ReadInt32BigEndian(four))];
        return numbers[0] == magic
            ? numbers[1..]
            : throw new InvalidDataException(
                $"'{path}': begins with {numbers[0]:x8}, expected {magic:x8}: no IDX file of this kind"
            );
    }

    private static void Fill(string path, Stream stream, byte[] bytes)
    {
        try
        {
            stream.ReadExactly(bytes);
        }
        catch (EndOfStreamException)
        {
            throw new InvalidDataException($"'{path}': ends before all that its header announces");
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"'{path}': no valid gzip file: {OneLine.Of(exception.Message)}", exception);
        }
    }

    private static void RequireEnd(string path, Stream stream)
    {
        if (stream.ReadByte() >= 0)
            throw new InvalidDataException($"'{path}': is longer than its header announces");
    }

    private static Stream OpenBytes(string path)
    {
        FileStream file = InputFile.OpenRead(path);
        return path.EndsWith(".gz", StringComparison.Ordinal)
            ? new BufferedStream(new GZipStream(file, CompressionMode.Decompress), 1 << 16)
            : file;
    }

    private static string? Find(string folder, string name) =>
        new[] { name, $"{name}.gz" }.Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    private static string Require(string folder, string name) =>
        Find(folder, name) ?? throw new InvalidDataException($"'{Path.Combine(folder, name)}': no such file, nor with .gz");
}
