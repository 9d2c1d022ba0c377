using System.IO.Compression;
using UnpairedSegEngine.Imaging.Nifti;
using static UnpairedSegEngine.Imaging.Tests.Nifti.SmallNifti;

namespace UnpairedSegEngine.Imaging.Tests.Nifti;

/// <summary>Small files that ask for much memory or time: refused within both, before the first voxel.</summary>
public sealed class BoundsTests
{
    private const long Allowance = 64L << 20;

    [Test]
    public void ExtensionOfGigabytesIsRefusedUnread() =>
        AssertRefused(
            Zeros(Bytes().With(348, 1).With(108, 1e9f)[..352].Concat(Extension(800_000_000)), 800_000_000),
            "vox_offset is 1000000000, expected at most 16777216"
        );

    [Test]
    public void ExtensionInAHeaderFileIsBounded()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(
            folder.File("a.hdr"),
            Zeros(Bytes().WithText(344, "ni1").With(348, 1).With(108, 0f)[..352].Concat(Extension(800_000_000)), 800_000_000)
        );
        AssertRefused(folder.File("a.hdr"), "esize of extension 1 is 800000000");
    }

    [Test]
    public void ManySmallExtensionsAreRefused()
    {
        byte[] chain = [.. Enumerable.Repeat(Extension(16), 1_000_000).SelectMany(e => e)];
        AssertRefused(
            [.. Bytes().With(348, 1).With(108, 352f + chain.Length)[..352], .. chain, .. Bytes()[352..]],
            "the number of extensions is more than 1000"
        );
        AssertRefused(
            ((byte[])[.. Bytes().With(348, 1).With(108, 352f + chain.Length)[..352], .. chain, .. Bytes()[352..]]).Gzip(),
            "the number of extensions is more than 1000"
        );
    }

    [Test]
    public void VoxelsBeyondWhatDeflateCanHoldAreRefusedUnread() =>
        AssertRefused(
            Bytes().With(42, (short)32000).With(44, (short)32000).With(46, (short)1).Gzip(),
            "the voxel data are cut: at most"
        );

    [Test]
    public void VoxelsBeyondThePlainFileAreRefusedUnread() =>
        AssertRefused(
            Bytes().With(42, (short)32000).With(44, (short)32000).With(46, (short)1),
            "the voxel data are cut: 48 bytes, expected 2048000000"
        );

    [Test]
    public void BytesBehindTheVoxelsAreSkippedOrRefused() =>
        AssertRefused(Zeros(Bytes(), 1 << 30), "the compressed stream goes on");

    [Test]
    public void VoxelsAsLongAsDeflateAllowsAreRead()
    {
        using var folder = new TemporaryFolder();
        var head = Bytes().With(42, (short)512).With(44, (short)512).With(46, (short)64)[..DataStart];
        File.WriteAllBytes(folder.File("a.nii.gz"), Zeros(head, 512 * 512 * 64 * sizeof(short)));
        Assert.That(NiftiFile.Open(folder.File("a.nii.gz")).StoredVoxels, Has.Length.EqualTo(512 * 512 * 64 * sizeof(short)));
    }

    [Test]
    public void OneThousandExtensionsAreRead()
    {
        byte[] chain = [.. Enumerable.Repeat(Extension(16), 1000).SelectMany(e => e)];
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(
            folder.File("a.nii"),
            [.. Bytes().With(348, 1).With(108, 352f + chain.Length)[..352], .. chain, .. Bytes()[352..]]
        );
        Assert.That(NiftiFile.Open(folder.File("a.nii")).Extensions, Has.Count.EqualTo(1000));
    }

    /// <summary>No float64 of all voxels is needed.</summary>
    [Test]
    public void InspectionNeedsLittleMoreThanTheStoredVoxels()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(
            folder.File("a.nii.gz"),
            Zeros(
                Bytes().With(70, (short)2).With(72, (short)8).With(42, (short)512).With(44, (short)512).With(46, (short)128)[
                    ..DataStart
                ],
                1 << 25
            )
        );
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(Inspection.Of(folder.File("a.nii.gz")).Maximum, Is.Zero);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(3L << 25));
    }

    [TestCase(1, 3, 1, true)]
    [TestCase(1, 200, 1, true)]
    [TestCase(1, 300, 1, false)]
    [TestCase(100, 4, 1, true)]
    [TestCase(100, 5, 1, false)]
    public void ResamplingIsBoundedByTheVoxelsThereAre(int size, double from, double to, bool possible)
    {
        var source = new Geometry(size, size, size, Affine.Diagonal(new(from, -from, from), default));
        void Require() => GridLimits.RequireResampling("case 'x'", source, new(to, to, to));
        if (possible)
            Assert.That(Require, Throws.Nothing);
        else
            Assert.That(
                Require,
                Throws.TypeOf<InvalidDataException>().With.Message.StartsWith("case 'x': ").And.Message.Contains("pixdim")
            );
    }

    private static byte[] Extension(int size) =>
        new byte[16]
            .With(0, size)
            .With(4, 6);

    private static byte[] Zeros(IEnumerable<byte> head, int zeros)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
        {
            gzip.Write([.. head]);
            var chunk = new byte[1 << 20];
            for (var left = zeros; left > 0; left -= chunk.Length)
                gzip.Write(chunk, 0, Math.Min(chunk.Length, left));
        }

        return target.ToArray();
    }

    private static void AssertRefused(byte[] bytes, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.nii"), bytes);
        AssertRefused(folder.File("a.nii"), message);
    }

    private static void AssertRefused(string path, string message)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var used = Environment.CpuUsage.TotalTime;
        var error = Assert.Throws<InvalidDataException>(() => NiftiFile.Open(path));
        Assert.That(error.Message, Does.Contain(Path.GetFileName(path)).And.Contain(message).And.Not.Contain('\n'));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan((3 * new FileInfo(path).Length) + Allowance));
        Assert.That((Environment.CpuUsage.TotalTime - used).TotalSeconds, Is.LessThan(2), "a second, and what compiling adds");
    }
}
