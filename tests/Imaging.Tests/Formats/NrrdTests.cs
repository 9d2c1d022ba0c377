using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using UnpairedSegEngine.Imaging.Formats;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Tests.Formats;

/// <summary>NRRD files after the format's definition: encodings, byte orders, spaces, detached headers, damage.</summary>
[TestFixture]
public class NrrdTests
{
    private const string Header =
        "NRRD0004\n# a comment\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 3 2 2\n"
        + "space directions: (0.5,0,0) (0,0.5,0) (0,0,3)\nkinds: domain domain domain\nendian: little\nencoding: raw\n"
        + "space origin: (10,20,-30)\nkey:=any: text\n";

    private static readonly short[] Values = [-1000, 2, 300, 4, 5, 6, 7, 8, 9, 10, 11, 3071];

    private TemporaryFolder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [TestCase("raw", "little")]
    [TestCase("raw", "big")]
    [TestCase("gzip", "little")]
    [TestCase("gz", "big")]
    [TestCase("ascii", "little")]
    [TestCase("text", "big")]
    public void EveryEncoding_GivesTheSameVoxels(string encoding, string endian)
    {
        NiftiImage image = Open(Header.Replace("raw", encoding).Replace("little", endian), Data(encoding, endian));
        Assert.That(image.ToFloatVolume().Voxels, Is.EqualTo(Values.Select(v => (float)v)));
        Assert.That(image.Header.DataType, Is.EqualTo(NiftiDataType.Int16));
        Assert.That(image.Geometry.ShapeText(), Is.EqualTo("3x2x2"));
        Assert.That(image.Geometry.AxisCodes, Is.EqualTo("LPS"));
        Assert.That(image.Geometry.Spacing, Is.EqualTo(new Vector3d(0.5, 0.5, 3)));
        Assert.That(image.Geometry.Affine.Origin, Is.EqualTo(new Vector3d(-10, -20, -30)), "in RAS");
        Assert.That(image.Notes, Is.Empty);
    }

    [TestCase("left-posterior-superior", "LPS")]
    [TestCase("LPS", "LPS")]
    [TestCase("right-anterior-superior", "RAS")]
    [TestCase("RAS", "RAS")]
    [TestCase("left-anterior-superior", "LAS")]
    public void Spaces_TurnDirections(string space, string codes) =>
        Assert.That(Open(Header.Replace("left-posterior-superior", space)).Geometry.AxisCodes, Is.EqualTo(codes));

    [Test]
    public void ObliqueAndPermutedDirections_AreKept()
    {
        Affine affine = Open(Header.Replace("(0.5,0,0) (0,0.5,0) (0,0,3)", "(0,0.6,0.8) (0,-0.8,0.6) (2,0,0)")).Geometry.Affine;
        Assert.That(affine.I, Is.EqualTo(new Vector3d(0, -0.6, 0.8)));
        Assert.That(affine.J, Is.EqualTo(new Vector3d(0, 0.8, 0.6)));
        Assert.That(affine.K, Is.EqualTo(new Vector3d(-2, 0, 0)));
    }

    [Test]
    public void ADetachedHeader_FindsItsVoxelsBehindWhatIsSkipped()
    {
        File.WriteAllBytes(folder.File("x.raw"), [.. "a line\nother line\n??"u8, .. Data("raw", "little")]);
        string header = folder.File("x.nhdr");
        File.WriteAllText(header, $"{Header}data file: x.raw\nline skip: 2\nbyte skip: 2\n");
        Assert.That(VolumeFile.Open(header).ToFloatVolume().Voxels, Is.EqualTo(Values.Select(v => (float)v)));
        File.WriteAllText(header, $"{Header}datafile: x.raw\nbyte skip: -1\n");
        Assert.That(VolumeFile.Open(header).ToFloatVolume().Voxels, Is.EqualTo(Values.Select(v => (float)v)));
        File.Delete(folder.File("x.raw"));
        Assert.That(
            () => VolumeFile.Open(header),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("x.raw', which is missing")
        );
    }

    [Test]
    public void SpacingsWithoutASpace_AreTakenAsItkDoes()
    {
        NiftiImage image = Open(
            "NRRD0001\r\ntype: uchar\r\ndimension: 3\r\nsizes: 2 1 2\r\nspacings: 1 2 3\r\nencoding: raw\r\n\r\n",
            [1, 2, 3, 255],
            isWhole: true
        );
        Assert.That(image.Geometry.Spacing, Is.EqualTo(new Vector3d(1, 2, 3)));
        Assert.That(image.Geometry.AxisCodes, Is.EqualTo("LPS"));
        Assert.That(image.Notes, Has.One.Contains("as ITK does"));
        Assert.That(image.ToLabelVolume().Voxels, Is.EqualTo(new byte[] { 1, 2, 3, 255 }));
    }

    [Test]
    public void AnAxisOfOneElement_IsPassedOver() =>
        Assert.That(
            Open(
                Header
                    .Replace("dimension: 3", "dimension: 4")
                    .Replace("sizes: 3 2 2", "sizes: 1 3 2 2")
                    .Replace("space directions: ", "space directions: none ")
            )
                .Geometry.ShapeText(),
            Is.EqualTo("3x2x2")
        );

    [TestCase("NRRD0004", "NIFTI", "no NRRD file")]
    [TestCase("type: short", "kind: short", "the field 'type' is missing")]
    [TestCase("type: short", "type: block", "type is 'block'")]
    [TestCase("dimension: 3", "dimension: 2", "expected 3 axes")]
    [TestCase("sizes: 3 2 2", "sizes: 3 2", "expected 3 sizes")]
    [TestCase("sizes: 3 2 2", "sizes: 3 0 2", "sizes is '3 0 2'")]
    [TestCase("sizes: 3 2 2", "sizes: 3 2 3", "the voxel data are cut: 24 bytes, expected 36")]
    [TestCase("sizes: 3 2 2", "sizes: 30000 30000 30000", "are more than")]
    [TestCase("sizes: 3 2 2", "sizes: 2000 1000 1000", "the voxel data are cut: 24 bytes")]
    [TestCase("encoding: raw", "encoding: bzip2", "encoding is 'bzip2'")]
    [TestCase("encoding: raw", "encoding: gzip", "the compressed data are damaged")]
    [TestCase("encoding: raw", "encoding: ascii", "ascii.nrrd")]
    [TestCase("endian: little", "endian: middle", "endian is 'middle'")]
    [TestCase("endian: little\n", "", "the field 'endian' is missing")]
    [TestCase("(0,0,3)", "(0,0,nan)", "space directions is")]
    [TestCase("(0,0,3)", "(0,0,0)", "space directions")]
    [TestCase("(0,0,3)", "(0,0.5,0)", "singular")]
    [TestCase("(0,0,3)", "(0,0,3", "space directions is")]
    [TestCase("(0,0,3)", "none", "three axes in space")]
    [TestCase("(0,0,3)", "(0,0,1e9)", "spacing of")]
    [TestCase("(10,20,-30)", "(1e12,0,0)", "space origin is")]
    [TestCase("kinds:", "data file: s_%03d.raw 1 2 1\nkinds:", "data file is")]
    [TestCase("kinds:", "data file: /dev/zero\nkinds:", "a file in the header's folder")]
    [TestCase("kinds:", "data file: ../x.raw\nkinds:", "a file in the header's folder")]
    [TestCase("kinds:", "sizes: 1 1 1\nkinds:", "each field once")]
    [TestCase("kinds:", "kinds", "a line of the header is")]
    public void ABadHeader_IsRefusedInOneLine(string found, string replacement, string message)
    {
        string path = folder.File("ascii.nrrd");
        File.WriteAllBytes(
            path,
            [.. Encoding.Latin1.GetBytes(Header.Replace(found, replacement) + "\n"), .. Data("raw", "little")]
        );
        Assert.That(
            () => VolumeFile.Open(path),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains(message)
                .And.Message.Contains(path)
                .And.Message.Not.Contains('\n')
        );
    }

    [Test]
    public void SeveralNumbersPerVoxel_AreRefused() =>
        Assert.That(
            () =>
                Open(
                    Header
                        .Replace("dimension: 3", "dimension: 4")
                        .Replace("sizes: 3 2 2", "sizes: 3 1 2 2")
                        .Replace("space directions: ", "space directions: none ")
                ),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("axis 0 holds 3")
        );

    [TestCase("1 2 x 4 5 6 7 8 9 10 11 12", "voxel 2 is 'x'")]
    [TestCase("1 2 99999 4 5 6 7 8 9 10 11 12", "voxel 2 is '99999', expected a number of type int16")]
    [TestCase("1 2 3 4 5 6 7 8 9 10 11 12 13", "more than 12 numbers")]
    [TestCase("1 2 3 4 5 6 7 8 9 10                   ", "holds 10 numbers, expected 12")]
    [TestCase("1 2 3", "5 bytes of text cannot hold 12 numbers")]
    public void BadText_IsRefused(string text, string message) =>
        Assert.That(
            () => Open(Header.Replace("raw", "ascii"), Encoding.Latin1.GetBytes(text)),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(message)
        );

    [Test]
    public void WhatIsWrittenAsNifti_HasTheSameVoxelsAndGrid()
    {
        NiftiImage image = Open(Header);
        NiftiWriter.Write(folder.File("x.nii.gz"), image);
        NiftiImage copy = NiftiFile.Open(folder.File("x.nii.gz"));
        Assert.That(copy.StoredVoxels, Is.EqualTo(image.StoredVoxels));
        Assert.That(copy.Header.DataType, Is.EqualTo(image.Header.DataType));
        Assert.That(copy.Geometry.Matches(image.Geometry, out string difference), difference);
        Assert.That(copy.Geometry.AxisCodes, Is.EqualTo("LPS"));
    }

    private NiftiImage Open(string header, byte[]? data = null, bool isWhole = false)
    {
        string path = folder.File("x.nrrd");
        File.WriteAllBytes(
            path,
            [.. Encoding.Latin1.GetBytes(isWhole ? header : header + "\n"), .. data ?? Data("raw", "little")]
        );
        return VolumeFile.Open(path);
    }

    private static byte[] Data(string encoding, string endian)
    {
        if (encoding is "ascii" or "text")
            return Encoding.Latin1.GetBytes(string.Join(" ", Values) + "\n");
        byte[] bytes = new byte[2 * Values.Length];
        for (int i = 0; i < Values.Length; i++)
        {
            if (endian == "big")
                BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(2 * i), Values[i]);
            else
                BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(2 * i), Values[i]);
        }

        if (encoding == "raw")
            return bytes;
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return packed.ToArray();
    }
}
