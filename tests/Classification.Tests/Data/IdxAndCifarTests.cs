using System.Buffers.Binary;
using System.IO.Compression;
using UnpairedSegEngine.Classification.Data;

namespace UnpairedSegEngine.Classification.Tests.Data;

internal sealed class IdxAndCifarTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void Open() => folder = new TemporaryFolder();

    [TearDown]
    public void Close() => folder.Dispose();

    [TestCase(false)]
    [TestCase(true)]
    public void Idx_files_are_read_compressed_or_not(bool isCompressed)
    {
        WriteIdx(isCompressed);
        ImageDataset dataset = ImageDataset.Open(folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(dataset.Shape, Is.EqualTo(new ImageShape(2, 3, 1)));
            Assert.That(dataset.ClassNames, Is.EqualTo(new[] { "0", "1", "2" }));
            Assert.That(dataset.IsMultiLabel, Is.False);
            Assert.That(dataset.Train.Count, Is.EqualTo(2));
            Assert.That(dataset.Train.Pixels(1).ToArray(), Is.EqualTo(new byte[] { 6, 7, 8, 9, 10, 11 }));
            Assert.That(dataset.Train.Label(1), Is.EqualTo(2));
            Assert.That(dataset.Test.Count, Is.EqualTo(1));
            Assert.That(dataset.Test.Labels(0), Is.EqualTo(new[] { false, true, false }));
        });
    }

    [Test]
    public void Class_names_may_stand_in_a_file()
    {
        WriteIdx();
        File.WriteAllText(folder.File("classes.txt"), "shoe\nhat\r\nscarf\n");
        Assert.That(ImageDataset.Open(folder.Path).ClassNames, Is.EqualTo(new[] { "shoe", "hat", "scarf" }));
        File.WriteAllText(folder.File("classes.txt"), "shoe\nhat");
        Refused("classes.txt", "names 2 classes, but labels are of 3");
    }

    [Test]
    public void Idx_test_images_may_be_missing()
    {
        folder.With("train-images-idx3-ubyte", Idx(0x803, [2, 2, 3], 12));
        folder.With("train-labels-idx1-ubyte", Idx(0x801, [2], [0, 1]));
        Assert.That(ImageDataset.Open(folder.Path).Test.Count, Is.Zero);
    }

    [Test]
    public void Damaged_idx_files_are_refused_by_name()
    {
        WriteIdx();
        folder.With("train-images-idx3-ubyte", Idx(0x803, [2, 2, 3], 11));
        Refused("train-images-idx3-ubyte", "ends before");
        folder.With("train-images-idx3-ubyte", Idx(0x803, [2, 2, 3], 13));
        Refused("train-images-idx3-ubyte", "longer than");
        folder.With("train-images-idx3-ubyte", Idx(0x801, [2, 2, 3], 12));
        Refused("train-images-idx3-ubyte", "expected 00000803");
        folder.With("train-images-idx3-ubyte", Idx(0x803, [2, -1, 3], 12));
        Refused("train-images-idx3-ubyte", "2 images of -1x3");
        folder.With("train-images-idx3-ubyte", Idx(0x803, [3, 2, 3], 18));
        Refused("train-labels-idx1-ubyte", "2 labels, but there are 3 images");
        WriteIdx();
        folder.With("t10k-images-idx3-ubyte", Idx(0x803, [1, 3, 2], 6));
        Refused("t10k-images-idx3-ubyte", "3x2x1");
        File.Delete(folder.File("t10k-labels-idx1-ubyte"));
        WriteIdx();
        File.Delete(folder.File("t10k-labels-idx1-ubyte"));
        Refused("t10k-labels-idx1-ubyte", "no such file");
    }

    [Test]
    public void A_file_that_is_not_compressed_as_its_name_says_is_refused()
    {
        folder.With("train-images-idx3-ubyte.gz", Idx(0x803, [2, 2, 3], 12));
        Refused("train-images-idx3-ubyte.gz", "gzip");
    }

    [Test]
    public void Cifar_10_has_colours_side_by_side()
    {
        byte[] planes = [.. Enumerable.Range(0, 3072).Select(i => (byte)((i / 1024 * 50) + (i % 7)))];
        folder.With("data_batch_1.bin", [3, .. planes, 9, .. planes]);
        folder.With("data_batch_2.bin", [0, .. planes]);
        folder.With("test_batch.bin", [5, .. planes]);
        File.WriteAllText(
            folder.File("batches.meta.txt"),
            "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"
        );
        ImageDataset dataset = ImageDataset.Open(folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(dataset.Shape, Is.EqualTo(new ImageShape(32, 32, 3)));
            Assert.That(dataset.Train.Count, Is.EqualTo(3));
            Assert.That(Enumerable.Range(0, 3).Select(dataset.Train.Label), Is.EqualTo(new[] { 3, 9, 0 }));
            Assert.That(dataset.Train.Pixels(0)[..6].ToArray(), Is.EqualTo(new byte[] { 0, 52, 104, 1, 53, 105 }));
            Assert.That(dataset.Test.Label(0), Is.EqualTo(5));
            Assert.That(dataset.ClassNames[9], Is.EqualTo("truck"));
        });
    }

    [Test]
    public void Cifar_100_has_fine_labels()
    {
        folder.With("train.bin", [7, 99, .. new byte[3072]]);
        ImageDataset dataset = ImageDataset.Open(folder.Path);
        Assert.That(dataset.ClassNames, Has.Count.EqualTo(100));
        Assert.That(dataset.Train.Label(0), Is.EqualTo(99));
        Assert.That(dataset.Test.Count, Is.Zero);
    }

    [Test]
    public void Damaged_cifar_files_are_refused_by_name()
    {
        folder.With("data_batch_1.bin", new byte[3072]);
        Refused("data_batch_1.bin", "a multiple of 3073");
        folder.With("data_batch_1.bin", [10, .. new byte[3072]]);
        Refused("data_batch_1.bin", "image 0 has the label 10, expected 0 to 9");
    }

    [Test]
    public void A_folder_of_nothing_or_of_two_things_is_refused()
    {
        Refused(folder.Path, "labels.csv");
        WriteIdx();
        folder.With("train.bin", [7, 99, .. new byte[3072]]);
        Refused(folder.Path, "several datasets");
        Assert.That(
            () => ImageDataset.Open(folder.File("absent")),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("no such folder")
        );
    }

    private void WriteIdx(bool isCompressed = false)
    {
        Write("train-images-idx3-ubyte", Idx(0x803, [2, 2, 3], 12));
        Write("train-labels-idx1-ubyte", Idx(0x801, [2], [0, 2]));
        Write("t10k-images-idx3-ubyte", Idx(0x803, [1, 2, 3], 6));
        Write("t10k-labels-idx1-ubyte", Idx(0x801, [1], [1]));

        void Write(string name, byte[] bytes)
        {
            if (!isCompressed)
            {
                folder.With(name, bytes);
                return;
            }

            using var file = new GZipStream(File.Create(folder.File($"{name}.gz")), CompressionLevel.Fastest);
            file.Write(bytes);
        }
    }

    private static byte[] Idx(int magic, int[] sizes, int bytes) =>
        Idx(magic, sizes, [.. Enumerable.Range(0, bytes).Select(i => (byte)i)]);

    private static byte[] Idx(int magic, int[] sizes, byte[] content)
    {
        var header = new byte[4 * (sizes.Length + 1)];
        foreach ((int i, int number) in sizes.Prepend(magic).Index())
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 * i), number);
        return [.. header, .. content];
    }

    private void Refused(string name, string problem) =>
        Assert.That(
            () => ImageDataset.Open(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(name).And.Message.Contains(problem)
        );
}
