using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Data.TensorFlow;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

[TestFixture]
public class TfRecordTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void MaskedCrc_OfTheCheckString() =>
        // CRC-32C of "123456789" is E3069283 (RFC 3720); masked by hand.
        Assert.That(MaskedCrc32C.Of("123456789"u8), Is.EqualTo(uint.RotateRight(0xE3069283, 15) + 0xa282ead8));

    [TestCase("training_ct")]
    [TestCase("training_mr")]
    public void SharedRecord_HasTheExpectedVolumes(string name)
    {
        string path = SharedData.Require(Path.Combine("tfrecord", name + ".tfrecords"));
        using JsonDocument document = JsonDocument.Parse(
            File.ReadAllText(SharedData.Require(Path.Combine("tfrecord", "expected.json")))
        );
        JsonElement expected = document.RootElement.GetProperty(name);

        Assert.That(TfRecordFile.IndexRecords(path), Is.EqualTo(new[] { 0L }));
        TfRecordPair pair = TfRecordPair.Read(path, 0, classCount: 5);

        string hash = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(pair.Image.AsSpan())));
        Assert.That(hash, Is.EqualTo(expected.GetProperty("data_vol_sha256").GetString()));
        Assert.That(pair.Shape, Is.EqualTo(new SampleShape(256, 256, 3)));
        foreach (JsonProperty count in expected.GetProperty("label_counts_middle").EnumerateObject())
        {
            int value = int.Parse(count.Name, CultureInfo.InvariantCulture);
            byte stored = value < 5 ? (byte)value : LabelValue.Ignored;
            Assert.That(pair.Labels.Count(l => l == stored), Is.EqualTo(count.Value.GetInt32()), $"label {value}");
        }
    }

    [Test]
    public void Read_TakesTheMiddleChannelAndIgnoresWhatIsNoClass()
    {
        string path = Write(Record(labelAt: i => i % 3 == 1 ? (i / 3) - 1 : 9));
        TfRecordPair pair = TfRecordPair.Read(path, 0, classCount: 3);
        Assert.That(pair.Labels, Is.EqualTo(new byte[] { 255, 0, 1, 2, 255, 255 }));
    }

    [Test]
    public void Source_DrawsFromEveryRecordOfTheModality()
    {
        string path = Write([.. Record(imageValue: 1), .. Record(imageValue: 2)]);
        string other = folder.File("other.tfrecords");
        File.WriteAllBytes(other, Record(imageValue: 3));
        var source = new TfRecordSource([("CT", [path]), ("MR", [other])], classCount: 3);
        var stream = new PhiloxStream(1, 0, 0, 0);
        var image = new float[source.Shape.ImageLength];
        var labels = new byte[source.Shape.PixelCount];
        var drawn = new HashSet<float>();
        for (int i = 0; i < 30; i++)
        {
            SampleOrigin origin = source.Draw(source.Modalities[0], ref stream, image, labels);
            Assert.That(origin.ToString(), Is.EqualTo($"pairs.tfrecords record {(image[0] == 1 ? 0 : 1)}"));
            drawn.Add(image[0]);
        }
        Assert.That(drawn, Is.EquivalentTo(new[] { 1f, 2f }));
        source.Draw(source.Modalities[1], ref stream, image, labels);
        Assert.That(image, Is.All.EqualTo(3f));
    }

    [TestCase(3, "length", TestName = "Damaged length")]
    [TestCase(40, "payload", TestName = "Damaged payload")]
    public void DamagedByte_IsRefusedWithFileAndOffset(int position, string part)
    {
        byte[] first = Record(),
            file = [.. first, .. Record()];
        file[first.Length + position] ^= 1;
        string path = Write(file);
        Assert.That(
            () => TfRecordFile.IndexRecords(path).Select(o => TfRecordFile.ReadPayload(path, o)).ToList(),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains(path)
                .And.Message.Contains($"{part} of the record at offset {first.Length}")
        );
    }

    [TestCase(5)]
    [TestCase(60)]
    public void TruncatedFile_IsRefused(int kept)
    {
        string path = Write(Record()[..kept]);
        Assert.That(
            () => TfRecordFile.IndexRecords(path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(path).And.Message.Contains("truncated")
        );
    }

    [Test]
    public void VolumeOfTheWrongSize_IsRefused()
    {
        string path = Write(Record(elements: 17));
        Assert.That(
            () => TfRecordPair.Read(path, 0, 3),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("68 bytes of data_vol, expected 72 for 2x3x3")
        );
    }

    [Test]
    public void NonFiniteVoxel_IsRefused()
    {
        string path = Write(Record(imageValue: float.NaN));
        Assert.That(
            () => TfRecordPair.Read(path, 0, 3),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("non-finite")
        );
    }

    [Test]
    public void LabelsThatAreNoWholeNumbers_AreRefused(
        [Values(0.5f, 1.000001f, -0.25f, float.NaN, float.PositiveInfinity)] float label
    )
    {
        string path = Write(Record(labelAt: i => i == 7 ? label : 1));
        Assert.That(
            () => TfRecordPair.Read(path, 0, 3),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains("at element 7 of label_vol, expected whole numbers")
                .And.Message.Contains(path)
        );
    }

    [Test]
    public void CompressedFile_IsRefusedWithWhatToDo(
        [Values("gzip", "zlib", "zlib fast", "zlib best")] string compression,
        [Values("a.tfrecords", "a.tfrecords.gz", "A.TFRECORD")] string name
    )
    {
        using var packed = new MemoryStream();
        using (
            Stream packer = compression switch
            {
                "gzip" => new GZipStream(packed, CompressionLevel.Optimal),
                "zlib" => new ZLibStream(packed, CompressionLevel.Optimal),
                "zlib fast" => new ZLibStream(packed, CompressionLevel.Fastest),
                _ => new ZLibStream(packed, CompressionLevel.SmallestSize),
            }
        )
            packer.Write(Record());
        string path = folder.File(name);
        File.WriteAllBytes(path, packed.ToArray());
        Assert.That(
            () => TfRecordFile.IndexRecords(path),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains(path)
                .And.Message.Contains("is compressed (")
                .And.Message.Contains("compression_type")
        );
    }

    [Test]
    public void RecordWhoseLengthLooksLikeGzip_IsRead()
    {
        string path = Write(Frame(new byte[0x8b1f]));
        Assert.That(File.ReadAllBytes(path)[..2], Is.EqualTo(new byte[] { 0x1f, 0x8b }));
        Assert.That(TfRecordFile.IndexRecords(path), Has.Count.EqualTo(1));
    }

    [Test]
    public void DevicesAndEmptyFiles_HoldNoRecord()
    {
        Assert.That(TfRecordFile.IndexRecords(Write([])), Is.Empty);
        File.CreateSymbolicLink(folder.File("zero.tfrecords"), "/dev/zero");
        Assert.That(TfRecordFile.IndexRecords(folder.File("zero.tfrecords")), Is.Empty);
    }

    [Test]
    public void ForeignPayload_IsRefused()
    {
        string path = Write(Frame([0xff, 0xff, 0xff]));
        Assert.That(
            () => TfRecordPair.Read(path, 0, 3),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("no tf.train.Example")
        );
        path = Write(Frame([]));
        Assert.That(
            () => TfRecordPair.Read(path, 0, 3),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("'dsize_dim0'")
        );
    }

    private string Write(byte[] bytes)
    {
        string path = folder.File("pairs.tfrecords");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    internal static byte[] Record(float imageValue = 0.5f, Func<int, float>? labelAt = null, int elements = 18)
    {
        var example = new Example { Features = new Features() };
        foreach ((string name, int value) in (ReadOnlySpan<(string, int)>)[("size_dim0", 2), ("size_dim1", 3), ("size_dim2", 3)])
        {
            example.Features.Feature["d" + name] = example.Features.Feature["l" + name] = new Feature
            {
                Int64List = new Int64List { Value = { value } },
            };
        }
        example.Features.Feature["data_vol"] = Volume(Enumerable.Repeat(imageValue, elements));
        example.Features.Feature["label_vol"] = Volume(Enumerable.Range(0, 18).Select(i => labelAt?.Invoke(i) ?? 0));
        return Frame(example.ToByteArray());
    }

    private static Feature Volume(IEnumerable<float> values) =>
        new() { BytesList = new BytesList { Value = { ByteString.CopyFrom(MemoryMarshal.AsBytes(values.ToArray().AsSpan())) } } };

    private static byte[] Frame(byte[] payload)
    {
        var record = new byte[8 + 4 + payload.Length + 4];
        BinaryPrimitives.WriteInt64LittleEndian(record, payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc32C.Of(record.AsSpan(0, 8)));
        payload.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + payload.Length), MaskedCrc32C.Of(payload));
        return record;
    }
}
