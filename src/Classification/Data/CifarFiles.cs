using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>
/// The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html): records of one
/// label (CIFAR-100: a coarse one, which is passed over, and a fine one) and a 32x32 image, colour after colour.
/// </summary>
internal sealed class CifarFiles : IDatasetFormat
{
    private const int Side = 32,
        Colours = 3;

    private const long MostBytes = 1 << 30;

    private static readonly ImageShape Shape = new(Side, Side, Colours);
    private static readonly Version Cifar10 = new(
        [.. Enumerable.Range(1, 5).Select(i => $"data_batch_{i}.bin")],
        "test_batch.bin",
        "batches.meta.txt",
        LabelBytes: 1,
        Classes: 10
    );
    private static readonly Version Cifar100 = new(
        ["train.bin"],
        "test.bin",
        "fine_label_names.txt",
        LabelBytes: 2,
        Classes: 100
    );

    public string Description => "CIFAR's binary files (data_batch_1.bin, test_batch.bin or train.bin, test.bin)";

    public bool IsIn(string folder) => Found(folder) is not null;

    public ImageDataset Read(string folder)
    {
        Version version = Found(folder)!;
        string[] train = [.. version.Train.Where(name => File.Exists(Path.Combine(folder, name)))];
        return new ImageDataset(
            folder,
            ClassNameFile.TryRead(folder, version.Classes, version.Names)
                ?? [.. Enumerable.Range(0, version.Classes).Select(label => $"{label}")],
            SetOf(version, folder, train),
            SetOf(version, folder, [.. new[] { version.Test }.Where(name => File.Exists(Path.Combine(folder, name)))])
        );
    }

    private static Version? Found(string folder) =>
        new[] { Cifar10, Cifar100 }.FirstOrDefault(version => File.Exists(Path.Combine(folder, version.Train[0])));

    private static ImageSet SetOf(Version version, string folder, string[] files) =>
        new(Shape, version.Classes, isMultiLabel: false, [.. files.SelectMany(file => ImagesOf(version, folder, file))]);

    private static IEnumerable<LabelledImage> ImagesOf(Version version, string folder, string file)
    {
        string path = Path.Combine(folder, file);
        byte[] bytes = InputFile.ReadAll(path, MostBytes);
        int record = version.LabelBytes + Shape.Length;
        if (bytes.Length == 0 || bytes.Length % record != 0)
            throw new InvalidDataException(
                $"'{path}': has {bytes.Length} bytes, expected a multiple of {record}: {version.LabelBytes} for labels, "
                    + $"{Shape.Length} for an image"
            );
        for (int i = 0; i < bytes.Length / record; i++)
        {
            int start = i * record,
                label = bytes[start + version.LabelBytes - 1];
            if (label >= version.Classes)
                throw new InvalidDataException($"'{path}': image {i} has the label {label}, expected 0 to {version.Classes - 1}");
            yield return new LabelledImage(
                $"{file} image {i}",
                Interleaved(bytes.AsSpan(start + version.LabelBytes, Shape.Length)),
                [label]
            );
        }
    }

    /// <summary>Colours of a pixel side by side.</summary>
    private static byte[] Interleaved(ReadOnlySpan<byte> planes)
    {
        var pixels = new byte[planes.Length];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = planes[(i % Colours * Side * Side) + (i / Colours)];
        return pixels;
    }

    /// <param name="Train">Names of the training files; some may be missing, but not the first.</param>
    /// <param name="Test">Name of the test file, which may be missing.</param>
    /// <param name="Names">Name of the file of class names.</param>
    /// <param name="LabelBytes">Of a record; the last is the label.</param>
    /// <param name="Classes">Of the last label.</param>
    private sealed record Version(IReadOnlyList<string> Train, string Test, string Names, int LabelBytes, int Classes);
}
