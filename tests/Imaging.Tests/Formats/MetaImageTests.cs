using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using UnpairedSegEngine.Imaging.Formats;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Tests.Formats;

/// <summary>MetaImage files as ITK writes them, and damaged ones.</summary>
[TestFixture]
public class MetaImageTests
{
    private const string Header =
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n"
        + "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 10 20 -30\nCenterOfRotation = 0 0 0\nAnatomicalOrientation = RAI\n"
        + "ElementSpacing = 0.5 0.5 3\nDimSize = 3 2 2\nElementType = MET_SHORT\nElementDataFile = LOCAL\n";

    private static readonly short[] Values = [-1000, 2, 300, 4, 5, 6, 7, 8, 9, 10, 11, 3071];

    private TemporaryFolder folder = null!;

    private static byte[] Plain => MemoryMarshal.AsBytes(Values.AsSpan()).ToArray();

    [SetUp]
    public void CreateFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void AFileOfItk_HasItsVoxelsAndPlace()
    {
        NiftiImage image = Open(Header, Plain);
        Assert.That(image.ToFloatVolume().Voxels, Is.EqualTo(Values.Select(v => (float)v)));
        Assert.That(image.Header.DataType, Is.EqualTo(NiftiDataType.Int16));
        Assert.That(image.Geometry.ToString(), Is.EqualTo("3x2x2 LPS at (0.5, 0.5, 3) mm"));
        Assert.That(image.Geometry.Affine.Origin, Is.EqualTo(new Vector3d(-10, -20, -30)), "in RAS");
        Assert.That(image.Notes, Is.Empty);
    }

    [Test]
    public void CompressedBigEndianAndTextualVoxels_AreTheSame()
    {
        float[] expected = [.. Values.Select(v => (float)v)];
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(Plain);
        string compressed = Header.Replace(
            "CompressedData = False",
            $"CompressedData = True\nCompressedDataSize = {packed.Length}"
        );
        Assert.That(Open(compressed, packed.ToArray()).ToFloatVolume().Voxels, Is.EqualTo(expected));
        byte[] swapped = [.. Plain.Chunk(2).SelectMany(pair => pair.Reverse())];
        Assert.That(Open(Header.Replace("MSB = False", "MSB = True"), swapped).ToFloatVolume().Voxels, Is.EqualTo(expected));
        byte[] text = Encoding.Latin1.GetBytes(string.Join(' ', Values));
        Assert.That(
            Open(Header.Replace("BinaryData = True", "BinaryData = False"), text).ToFloatVolume().Voxels,
            Is.EqualTo(expected)
        );
    }

    [Test]
    public void ARowOfTheMatrix_IsTheDirectionOfAnAxis()
    {
        Affine affine = Open(Header.Replace("1 0 0 0 1 0 0 0 1", "0 1 0 0 0 -1 1 0 0"), Plain).Geometry.Affine;
        Assert.That(affine.I, Is.EqualTo(new Vector3d(0, -0.5, 0)));
        Assert.That(affine.J, Is.EqualTo(new Vector3d(0, 0, -0.5)));
        Assert.That(affine.K, Is.EqualTo(new Vector3d(-3, 0, 0)));
    }

    [TestCase("HeaderSize = 5\n", "12345", "")]
    [TestCase("HeaderSize = -1\n", "anything", "")]
    [TestCase("", "", "")]
    public void ADetachedHeader_FindsItsVoxels(string field, string before, string after)
    {
        File.WriteAllBytes(
            folder.File("x.raw"),
            [.. Encoding.Latin1.GetBytes(before), .. Plain, .. Encoding.Latin1.GetBytes(after)]
        );
        string header = folder.File("x.mhd");
        File.WriteAllText(header, Header.Replace("ElementDataFile = LOCAL", $"{field}ElementDataFile = x.raw"));
        Assert.That(VolumeFile.Open(header).ToFloatVolume().Voxels, Is.EqualTo(Values.Select(v => (float)v)));
    }

    [TestCase("MET_UCHAR", NiftiDataType.UInt8, 1)]
    [TestCase("MET_CHAR", NiftiDataType.Int8, 1)]
    [TestCase("MET_USHORT", NiftiDataType.UInt16, 2)]
    [TestCase("MET_INT", NiftiDataType.Int32, 4)]
    [TestCase("MET_UINT", NiftiDataType.UInt32, 4)]
    [TestCase("MET_LONG_LONG", NiftiDataType.Int64, 8)]
    [TestCase("MET_FLOAT", NiftiDataType.Float32, 4)]
    [TestCase("MET_DOUBLE", NiftiDataType.Float64, 8)]
    public void Types_KeepTheirSize(string name, NiftiDataType type, int bytes)
    {
        byte[] data = new byte[12 * bytes];
        new Random(1).NextBytes(data);
        NiftiImage image = Open(Header.Replace("MET_SHORT", name), data);
        Assert.That(image.Header.DataType, Is.EqualTo(type));
        Assert.That(image.StoredVoxels, Is.EqualTo(data));
    }

    [TestCase("ObjectType = Image", "NRRD0004", "no MetaImage file")]
    [TestCase("ObjectType = Image", "ObjectType = Mesh", "ObjectType is 'Mesh'")]
    [TestCase("NDims = 3", "NDims = 2", "NDims is '2'")]
    [TestCase("NDims = 3\n", "", "the field 'NDims' is missing")]
    [TestCase("DimSize = 3 2 2", "DimSize = 3 2", "expected 3 sizes")]
    [TestCase("DimSize = 3 2 2", "DimSize = 3 2 4", "the voxel data are cut: 24 bytes, expected 48")]
    [TestCase("DimSize = 3 2 2", "DimSize = 99999 99999 99999", "are more than")]
    [TestCase("DimSize = 3 2 2", "DimSize = 1000 1000 1000", "the voxel data are cut: 24 bytes")]
    [TestCase("MET_SHORT", "MET_FLOAT_ARRAY", "ElementType is")]
    [TestCase("CompressedData = False", "CompressedData = True", "the compressed data are damaged")]
    [TestCase("CompressedData = False", "CompressedData = Maybe", "expected True or False")]
    [TestCase("0.5 0.5 3", "0.5 0.5 0", "TransformMatrix, ElementSpacing")]
    [TestCase("0.5 0.5 3", "0.5 0.5", "ElementSpacing is")]
    [TestCase("0 0 0 1\nOffset", "0 1 0 0\nOffset", "singular")]
    [TestCase("LOCAL", "LIST", "ElementDataFile is")]
    [TestCase("LOCAL", "gone.raw", "which is missing")]
    [TestCase("ElementDataFile = LOCAL\n", "", "MetaImage")]
    [TestCase("DimSize", "ElementNumberOfChannels = 3\nDimSize", "one number per voxel")]
    [TestCase("DimSize", "HeaderSize = 1e300\nDimSize", "HeaderSize is")]
    public void ABadHeader_IsRefusedInOneLine(string found, string replacement, string message)
    {
        string path = folder.File("MetaImage.mha");
        File.WriteAllBytes(path, [.. Encoding.Latin1.GetBytes(Header.Replace(found, replacement)), .. Plain]);
        Assert.That(
            () => VolumeFile.Open(path),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains(message)
                .And.Message.Contains(path)
                .And.Message.Not.Contains('\n')
        );
    }

    private NiftiImage Open(string header, byte[] data)
    {
        string path = folder.File("x.mha");
        File.WriteAllBytes(path, [.. Encoding.Latin1.GetBytes(header), .. data]);
        return VolumeFile.Open(path);
    }
}
