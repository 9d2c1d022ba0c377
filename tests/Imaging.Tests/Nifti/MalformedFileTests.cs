using UnpairedSegEngine.Imaging.Nifti;
using static UnpairedSegEngine.Imaging.Tests.Nifti.SmallNifti;

namespace UnpairedSegEngine.Imaging.Tests.Nifti;

/// <summary>Files broken by hand: each is refused with the field's name, or read with a note.</summary>
public sealed class MalformedFileTests
{
    [TestCaseSource(nameof(Refused))]
    public void IsRefusedByName(string name, byte[] bytes, string named)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File(name);
        File.WriteAllBytes(path, bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => NiftiFile.Open(path));
        Assert.That(error.Message, Does.Contain(name).And.Contain(named).And.Not.Contain('\n'));
        Assert.That(
            GC.GetAllocatedBytesForCurrentThread() - before,
            Is.LessThan(16 << 20),
            "memory follows the file, not its header"
        );
    }

    [TestCaseSource(nameof(Accepted))]
    public void IsAcceptedWithItsVoxels(string name, byte[] bytes, string note)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File(name);
        File.WriteAllBytes(path, bytes);
        var image = NiftiFile.Open(path);
        Assert.That(image.ToFloatVolume().Voxels[..3], Is.EqualTo([-5f, -4, -3]));
        Assert.That(string.Join("; ", image.Notes), note.Length == 0 ? Is.Empty : Does.Contain(note));
    }

    [Test]
    public void SixtyCasesAtLeast() => Assert.That(Refused().Count() + Accepted().Count(), Is.GreaterThanOrEqualTo(60));

    private static IEnumerable<TestCaseData> Refused()
    {
        foreach (var size in new[] { 0, 1, 3, 4, 100, 347 })
            yield return Case($"{size} bytes", "a.nii", Bytes()[..size], "too few for a NIfTI header");
        yield return Case("NIfTI-2 cut in its header", "a.nii", Bytes(version: 2)[..400], "sizeof_hdr");
        foreach (var size in new[] { 0, 347, 349, 539, -348, 0x5C010001 })
            yield return Case($"sizeof_hdr {size}", "a.nii", Bytes().With(0, size), "sizeof_hdr");
        yield return Case("text", "a.nii", [.. Enumerable.Repeat((byte)'x', 1000)], "sizeof_hdr");
        yield return Case("no image file", "a.nii", Bytes().WithText(344, "ni1"), ".img file is missing");
        yield return Case("other magic", "a.nii", Bytes().WithText(344, "abc"), "magic");
        yield return Case("version 2 magic in version 1", "a.nii", Bytes().WithText(344, "n+2"), "magic");
        yield return Case("version 1 magic in version 2", "a.nii", Bytes(version: 2).WithText(4, "n+1"), "magic");
        yield return Case("no magic in .nii", "a.nii", Bytes().WithText(344, "\0\0\0"), "magic");

        foreach (var rank in new short[] { 0, -1, 8, 32767, -32768 })
            yield return Case($"dim[0] {rank}", "a.nii", Bytes().With(40, rank), "dim[0]");
        foreach (var (index, size) in new (int, short)[] { (1, 0), (1, -1), (2, 0), (2, -32768), (3, 0), (3, -7) })
            yield return Case($"dim[{index}] {size}", "a.nii", Bytes().With(40 + (2 * index), size), $"dim[{index}]");
        yield return Case("dim[1] 5, one more than stored", "a.nii", Bytes().With(42, (short)5), "cut: 48 bytes, expected 60");
        yield return Case(
            "dimensions past 32 bits",
            "a.nii",
            Bytes().With(42, (short)32767).With(44, (short)32767).With(46, (short)32767),
            "dim"
        );
        yield return Case("dimensions past 64 bits", "a.nii", Huge(Bytes()), "dim");
        yield return Case("product that wraps to 0 in 64 bits", "a.nii", Bytes(2).With(24, 1L << 32).With(32, 1L << 32), "dim");
        yield return Case("negative NIfTI-2 size", "a.nii", Bytes(2).With(24, -4L), "dim[1]");
        yield return Case("NIfTI-2 rank", "a.nii", Bytes(2).With(16, 1L << 40), "dim[0]");
        yield return Case(
            "1 GiB promised by 400 bytes",
            "a.nii",
            Bytes().With(42, (short)8192).With(44, (short)8192).With(46, (short)8),
            "cut"
        );
        yield return Case(
            "1 GiB promised in gzip",
            "a.nii.gz",
            Bytes().With(42, (short)8192).With(44, (short)8192).With(46, (short)8).Gzip(),
            "cut"
        );

        foreach (var type in new short[] { 0, 1, 3, 255, 1536, 2048, -4 })
            yield return Case($"datatype {type}", "a.nii", Bytes().With(70, type), "datatype");
        foreach (
            var (type, bits) in new (short, short)[]
            {
                (4, 8),
                (4, 0),
                (2, 16),
                (16, 64),
                (64, 32),
                (128, 32),
                (32, 32),
                (4, -16),
            }
        )
            yield return Case($"bitpix {bits} of datatype {type}", "a.nii", Bytes().With(70, type).With(72, bits), "bitpix");

        foreach (
            var offset in new[]
            {
                float.NaN,
                float.PositiveInfinity,
                float.NegativeInfinity,
                -352,
                1e30f,
                0,
                348,
                351,
                352.5f,
                16,
            }
        )
            yield return Case($"vox_offset {offset}", "a.nii", Bytes().With(108, offset), "vox_offset");
        yield return Case("vox_offset beyond the end", "a.nii", Bytes().With(108, 4000f), "vox_offset");
        yield return Case("NIfTI-2 vox_offset below its header", "a.nii", Bytes(2).With(168, 352L), "vox_offset");
        yield return Case("NIfTI-2 vox_offset of 2^62", "a.nii", Bytes(2).With(168, 1L << 62), "vox_offset");

        foreach (var inter in new[] { float.NaN, float.PositiveInfinity })
            yield return Case($"scl_inter {inter}", "a.nii", Bytes().With(116, inter), "scl_inter");

        yield return Case("singular sform", "a.nii", Bytes().With(280, 0f), "srow_x/y/z");
        yield return Case("not-a-number sform", "a.nii", Bytes().With(292, float.NaN), "srow_x/y/z");
        yield return Case("infinite sform", "a.nii", Bytes().With(296, float.PositiveInfinity), "srow_x/y/z");
        yield return Case("quaternion beyond 1", "a.nii", Qform().With(256, 1.1f), "quatern");
        yield return Case("not-a-number quaternion", "a.nii", Qform().With(264, float.NaN), "quatern");
        yield return Case("not-a-number qoffset", "a.nii", Qform().With(268, float.NaN), "qoffset");
        yield return Case("not-a-number pixdim with qform", "a.nii", Qform().With(84, float.NaN), "pixdim[2]");
        yield return Case("infinite pixdim alone", "a.nii", Unplaced().With(80, float.PositiveInfinity), "pixdim[1]");

        foreach (var size in new[] { 0, 8, 17, -16, 1 << 30, 64 })
            yield return Case($"extension of size {size}", "a.nii", Bytes().WithExtension(size, 32, 384), "esize of extension 1");
        yield return Case(
            "second extension past the voxels",
            "a.nii",
            Bytes().WithExtension(16, 32, 384),
            "esize of extension 2"
        );
        yield return Case(
            "extension past the end of the file",
            "a.nii",
            Bytes().WithExtension(1 << 20, 32, 384).With(108, 2e6f),
            "extension 1 is cut"
        );

        yield return Case("voxels cut by one byte", "a.nii", Bytes()[..^1], "cut: 47 bytes, expected 48");
        yield return Case("no voxels", "a.nii", Bytes()[..DataStart], "cut: 0 bytes");
        yield return Case("gzip cut in its voxels", "a.nii.gz", Bytes().Gzip()[..^20], "a.nii.gz");
        yield return Case("gzip with a wrong checksum", "a.nii.gz", Flipped(Bytes().Gzip(), fromEnd: 6), "damaged or cut");
        yield return Case("gzip with a wrong length", "a.nii.gz", Flipped(Bytes().Gzip(), fromEnd: 2), "damaged or cut");
        yield return Case("gzip of nothing", "a.nii.gz", Array.Empty<byte>().Gzip(), "too few");
        yield return Case("gzip magic alone", "a.nii.gz", [0x1f, 0x8b], "a.nii.gz");
        yield return Case(
            "gzip bomb behind the voxels",
            "a.nii.gz",
            [.. Bytes().Gzip(), .. new byte[80 << 20].Gzip()],
            "goes on"
        );
    }

    private static IEnumerable<TestCaseData> Accepted()
    {
        yield return Case("as it is", "a.nii", Bytes(), "");
        yield return Case("big-endian", "a.nii", Bytes(bigEndian: true), "");
        yield return Case("NIfTI-2", "a.nii", Bytes(2), "");
        yield return Case("NIfTI-2 big-endian in gzip", "a.nii.gz", Bytes(2, true).Gzip(), "");
        yield return Case("gzip without the ending", "a.nii", Bytes().Gzip(), "");
        yield return Case("ending without gzip", "a.nii.gz", Bytes(), "");
        yield return Case("gzip of several members", "a.nii.gz", [.. Bytes()[..200].Gzip(), .. Bytes()[200..].Gzip()], "");
        yield return Case("trailing bytes", "a.nii", [.. Bytes(), .. new byte[100]], "");
        yield return Case("trailing bytes in gzip", "a.nii.gz", ((byte[])[.. Bytes(), .. new byte[100]]).Gzip(), "");
        // .NET's decompressor asks for the trailer only when it is there; every voxel has arrived.
        yield return Case("gzip cut behind its voxels", "a.nii.gz", Bytes().Gzip()[..^4], "");
        yield return Case("scl_slope 0", "a.nii", Bytes().With(112, 0f).With(116, 7f), "");
        yield return Case("scl_slope NaN", "a.nii", Bytes().With(112, float.NaN), "scl_slope");
        yield return Case("scl_slope infinite", "a.nii", Bytes().With(112, float.PositiveInfinity), "scl_slope");
        yield return Case("qfac 0", "a.nii", Qform().With(76, 0f), "");
        yield return Case("pixdim 0", "a.nii", Unplaced().With(84, 0f), "pixdim[2]");
        yield return Case("negative pixdim", "a.nii", Unplaced().With(88, -3f), "pixdim[3]");
        yield return Case("sizes beyond the rank", "a.nii", Bytes().With(50, (short)-9), "");
        yield return Case("extension", "a.nii", Bytes().WithExtension(32, 32, 384), "");
        yield return Case("odd vox_offset", "a.nii", Bytes().WithExtension(32, 32, 389), "multiple of 16");
    }

    private static TestCaseData Case(string what, string file, byte[] bytes, string message) =>
        new TestCaseData(file, bytes, message).SetArgDisplayNames(what);

    private static byte[] Qform() => Bytes().With(254, (short)0);

    private static byte[] Unplaced() => Bytes().With(252, (short)0).With(254, (short)0);

    private static byte[] Huge(byte[] bytes)
    {
        bytes.With(40, (short)7);
        for (var i = 1; i <= 7; i++)
            bytes.With(40 + (2 * i), short.MaxValue);
        return bytes;
    }

    private static byte[] Flipped(byte[] bytes, int fromEnd)
    {
        bytes[^fromEnd] ^= 0x55;
        return bytes;
    }
}
