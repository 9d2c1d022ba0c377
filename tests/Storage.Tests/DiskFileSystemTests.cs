using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Storage.Tests;

public sealed class DiskFileSystemTests
{
    private const int InputOutputError = 5;
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    [TestCase(InputOutputError)]
    [TestCase(NoSpace)]
    [TestCase(QuotaExceeded)]
    public void AFailedFlushIsHeardOf(int error) =>
        Assert.That(
            () => DiskFileSystem.Check("/data/run/metrics", () => error),
            Throws
                .TypeOf<IOException>()
                .With.Message.Contains("'/data/run/metrics': could not be flushed to the disk")
                .And.Message.Contains(Marshal.GetPInvokeErrorMessage(error))
        );

    [TestCase(UnixCalls.InvalidArgument)]
    [TestCase(UnixCalls.NotSupported)]
    [TestCase(UnixCalls.ReadOnlyFileSystem)]
    [TestCase(0)]
    public void WhatCannotBeFlushedIsNoFailure(int error) =>
        Assert.That(() => DiskFileSystem.Check("a", () => error), Throws.Nothing);

    [Test]
    public void AnInterruptedFlushIsDoneAgain()
    {
        int calls = 0;
        DiskFileSystem.Check("a", () => ++calls < 3 ? UnixCalls.Interrupted : 0);
        Assert.That(calls, Is.EqualTo(3));
    }

    [Test]
    public void FilesAndFoldersAreFlushed()
    {
        using var folder = new TemporaryFolder();
        DiskFileSystem.Instance.WriteFile(folder.File("a"), stream => stream.Write("1"u8));
        Assert.That(() => DiskFileSystem.Instance.SyncFolder(folder.Path), Throws.Nothing);
        Assert.That(File.ReadAllText(folder.File("a")), Is.EqualTo("1"));
    }

    [Test]
    public void AFolderThatIsNotThereIsHeardOf()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("folders are not flushed there");
        using var folder = new TemporaryFolder();
        Assert.Multiple(() =>
        {
            Assert.That(
                () => DiskFileSystem.Instance.SyncFolder(folder.File("none")),
                Throws.TypeOf<IOException>().With.Message.Contains("could not be flushed")
            );
            Assert.That(() => DiskFileSystem.Instance.SyncFolder("/dev/null"), Throws.Nothing, "fsync of a device is EINVAL");
        });
    }
}
