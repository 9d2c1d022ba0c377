using System.Buffers.Binary;
using System.Text;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Checkpoints;

public sealed class SafetensorsFileTests
{
    private readonly TemporaryFolder folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void BytesAreThoseOfTheFormat()
    {
        using var stream = new MemoryStream();
        SafetensorsFile.Write(
            stream,
            [new NamedArray("a", DType.UInt8, new Shape(3), new byte[] { 7, 8, 9 })],
            new Dictionary<string, string> { ["step"] = "1" }
        );
        string header = """{"__metadata__":{"step":"1"},"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""";
        string padded = header.PadRight((header.Length + 7) / 8 * 8);
        byte[] expected = [(byte)padded.Length, 0, 0, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(padded), 7, 8, 9];
        Assert.That(stream.ToArray(), Is.EqualTo(expected));
    }

    [Test]
    public void ArraysOfEveryTypeComeBack()
    {
        string path = folder.File("all.safetensors");
        NamedArray[] arrays =
        [
            new("scalar", DType.Float64, default, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }),
            new("weights", DType.Float32, new Shape(2, 3), Enumerable.Range(0, 24).Select(i => (byte)i).ToArray()),
            new("half", DType.BFloat16, new Shape(1, 2), new byte[] { 0x80, 0x3f, 0, 0x40 }),
            new("labels", DType.UInt8, new Shape(5), new byte[] { 0, 1, 2, 3, 255 }),
            new("ümlaut \"quoted\"", DType.Int32, new Shape(1), new byte[] { 255, 255, 255, 127 }),
        ];
        SafetensorsFile.Write(path, arrays, new Dictionary<string, string> { ["seed"] = "3", ["note"] = "ü" });

        SafetensorsContents read = SafetensorsFile.Read(path);
        Assert.Multiple(() =>
        {
            Assert.That(
                read.Arrays.Select(a => (a.Name, a.DType, a.Shape)),
                Is.EqualTo(arrays.Select(a => (a.Name, a.DType, a.Shape)))
            );
            Assert.That(read.Arrays.Select(a => a.Bytes.ToArray()), Is.EqualTo(arrays.Select(a => a.Bytes.ToArray())));
            Assert.That(read.Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["seed"] = "3", ["note"] = "ü" }));
            Assert.That(SafetensorsFile.ReadHeader(path).DataLength, Is.EqualTo(8 + 24 + 4 + 5 + 4));
        });
    }

    [Test]
    public void AFileWithoutArraysComesBack()
    {
        string path = folder.File("none.safetensors");
        SafetensorsFile.Write(path, []);
        Assert.That(SafetensorsFile.Read(path).Arrays, Is.Empty);
    }

    [TestCase("""[1]""", 0, "does not begin with '{'")]
    [TestCase("""{"a":""", 0, "no valid JSON")]
    [TestCase("""{"a":1}""", 0, "'a' is Number")]
    [TestCase(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        8,
        "uplicate"
    )]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}""", 4, "uplicate")]
    [TestCase("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, "dtype is missing")]
    [TestCase("""{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}""", 8, "dtype is 'I64', expected F32")]
    [TestCase("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4, "shape is missing")]
    [TestCase("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "shape holds -1")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "shape holds 1.5")]
    [TestCase(
        """{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}""",
        4,
        "shape holds 99999999999999999999"
    )]
    [TestCase("""{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""", 0, "extent 0")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "does not fill its 4 bytes")]
    [TestCase(
        """{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647,2147483647,2147483647],"data_offsets":[0,4]}}""",
        4,
        "does not fill its 4 bytes"
    )]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "expected [begin, end]")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "expected [begin, end]")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "begins at byte 4, expected 0")]
    [TestCase(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        4,
        "'b': data_offsets begins at byte 0, expected 4"
    )]
    [TestCase(
        """{"a":{"dtype":"U8","shape":[9000000000000000000],"data_offsets":[0,9000000000000000000]}}""",
        4,
        "spans 9000000000000000000 bytes"
    )]
    [TestCase("""{"a":{"dtype":"U8","shape":[2000000000],"data_offsets":[0,2000000000]}}""", 4, "truncated")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "truncated")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "bytes behind the last array")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"stride":[1]}}""", 4, "stride is unknown")]
    [TestCase("""{"__metadata__":{"a":1}}""", 0, "__metadata__.a is Number")]
    [TestCase("""{"__metadata__":[]}""", 0, "__metadata__ is Array")]
    public void DamagedHeadersAreRefused(string header, int dataLength, string problem)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        string path = folder.File("damaged.safetensors");
        File.WriteAllBytes(path, [.. length, .. text, .. new byte[dataLength]]);
        AssertRefused(path, problem);
    }

    [TestCase(new byte[0], "has 0 bytes")]
    [TestCase(new byte[] { 2, 0, 0 }, "has 3 bytes")]
    [TestCase(new byte[] { 3, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}' }, "truncated")]
    [TestCase(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 }, "does not begin with '{'")]
    [TestCase(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, (byte)'{' }, "at most 100000000 are allowed")]
    public void DamagedLengthsAreRefused(byte[] contents, string problem)
    {
        string path = folder.File("length.safetensors");
        File.WriteAllBytes(path, contents);
        AssertRefused(path, problem);
    }

    [Test]
    public void EveryTruncationIsRefused()
    {
        string path = folder.File("cut.safetensors");
        SafetensorsFile.Write(path, [new NamedArray("a", DType.Float32, new Shape(2), new byte[8])]);
        byte[] whole = File.ReadAllBytes(path);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            AssertRefused(path, "'");
        }
    }

    [Test]
    public void ArraysThatCannotBeWrittenAreTheCallersMistake()
    {
        var array = new NamedArray("a", DType.Float32, new Shape(2), new byte[8]);
        Assert.Multiple(() =>
        {
            Assert.That(
                () => SafetensorsFile.Write(Stream.Null, [array, array]),
                Throws.ArgumentException.With.Message.Contains("two arrays are named 'a'")
            );
            Assert.That(
                () => SafetensorsFile.Write(Stream.Null, [array with { Bytes = new byte[7] }]),
                Throws.ArgumentException.With.Message.Contains("has 7 bytes")
            );
        });
    }

    private static void AssertRefused(string path, string problem) =>
        Assert.That(
            () => SafetensorsFile.Read(path),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains(problem)
                .And.Message.Contains(path)
                .And.Message.Not.Contains("\n")
        );
}
