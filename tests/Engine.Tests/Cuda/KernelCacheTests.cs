using System.Diagnostics;
using UnpairedSegEngine.Backends.Cuda.Compilation;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

[Platform("Linux")]
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class KernelCacheTests
{
    private const string Name = "a.b.sm_90a.image";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly byte[] Image = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];

    private TemporaryFolder folder = null!;
    private string path = "";
    private KernelCache cache = null!;

    [SetUp]
    public void Keep()
    {
        folder = new TemporaryFolder();
        path = Path.Combine(folder.Path, "cache", "kernels");
        cache = new KernelCache(path);
        cache.Write(Name, Image);
    }

    [TearDown]
    public void Remove() => folder.Dispose();

    [Test]
    public void What_was_kept_is_read_again_and_the_folder_is_its_owners_alone()
    {
        Assert.That(cache.Read(Name), Is.EqualTo(Image));
        Assert.That(cache.Read("another"), Is.Null);
        Assert.That(File.GetUnixFileMode(path), Is.EqualTo(OwnerOnly));
        Assert.That(Directory.GetFiles(path), Has.Length.EqualTo(1), "no temporary file is left");
    }

    /// <summary>Cut at any place, changed at any place, or longer.</summary>
    [Test]
    public void Damaged_images_are_not_read()
    {
        string file = Path.Combine(path, Name);
        byte[] whole = File.ReadAllBytes(file);
        foreach (int at in new[] { 0, 31, 32, 80, whole.Length - 1 })
        {
            File.WriteAllBytes(file, whole[..at]);
            Assert.That(cache.Read(Name), Is.Null, $"cut at {at}");
            byte[] changed = [.. whole];
            changed[at] ^= 1;
            File.WriteAllBytes(file, changed);
            Assert.That(cache.Read(Name), Is.Null, $"changed at {at}");
        }

        File.WriteAllBytes(file, [.. whole, 0]);
        Assert.That(cache.Read(Name), Is.Null);
        File.WriteAllBytes(file, whole);
        Assert.That(cache.Read(Name), Is.EqualTo(Image));
    }

    [TestCase(UnixFileMode.GroupWrite)]
    [TestCase(UnixFileMode.OtherWrite)]
    public void A_folder_that_others_can_write_to_is_refused_in_one_line(UnixFileMode more)
    {
        File.SetUnixFileMode(path, OwnerOnly | more);
        RequireRefused(
            $"compiled kernels in {path} are not used: it can be written by other users; remove it, or set XDG_CACHE_HOME "
                + "to a folder of your own"
        );
    }

    [Test]
    public void An_image_that_others_can_write_is_refused()
    {
        File.SetUnixFileMode(Path.Combine(path, Name), OwnerOnly | UnixFileMode.OtherWrite);
        RequireRefused($"{Name} are not used: it can be written by other users");
    }

    [TestCase("")]
    [TestCase(Name)]
    public void What_belongs_to_another_user_is_refused(string file)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("only root can give files away");
        using (Process give = Process.Start("chown", ["12345", Path.Combine(path, file)]))
            give.WaitForExit();
        RequireRefused("belongs to user 12345, not to user 0");
    }

    [Test]
    public void A_folder_that_cannot_be_written_keeps_nothing_and_fails_nothing()
    {
        var broken = new KernelCache(Path.Combine(path, Name, "below a file"));
        Assert.That(() => broken.Write("x", Image), Throws.Nothing);
        Assert.That(broken.Read("x"), Is.Null);
    }

    private void RequireRefused(string message) =>
        Assert.That(
            () => cache.Read(Name),
            Throws.TypeOf<CudaException>().With.Message.Contains(message).And.Message.Not.Contains("\n")
        );
}
