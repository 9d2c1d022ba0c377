namespace UnpairedSegEngine.Storage.Tests;

public sealed class InputFileTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void AFileAndALinkToItAreRead()
    {
        string file = folder.With("file", 1, 2, 3),
            link = folder.File("link");
        File.CreateSymbolicLink(link, file);
        Assert.Multiple(() =>
        {
            Assert.That(InputFile.ReadAll(file, 3), Is.EqualTo(new byte[] { 1, 2, 3 }));
            Assert.That(InputFile.ReadAll(link, 3), Is.EqualTo(new byte[] { 1, 2, 3 }));
            Assert.That(InputFile.ReadAll(folder.With("empty"), 3), Is.Empty);
        });
    }

    [Test]
    public void ALongerFileIsRefusedBeforeItIsRead() =>
        Assert.That(() => InputFile.ReadAll(folder.With("file", 1, 2, 3), 2), Refusal("has 3 bytes, expected at most 2"));

    [Test]
    public void WhatIsNoFileIsRefusedAtOnce()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("no such files there");
        string loop = folder.File("loop"),
            dangling = folder.File("dangling"),
            toDevice = folder.File("to-device");
        File.CreateSymbolicLink(loop, loop);
        File.CreateSymbolicLink(dangling, folder.File("gone"));
        File.CreateSymbolicLink(toDevice, "/dev/zero");
        Assert.Multiple(() =>
        {
            Assert.That(() => InputFile.OpenRead(folder.File("none")), Refusal("no such file"));
            Assert.That(() => InputFile.OpenRead(folder.Path), Refusal("is a folder"));
            Assert.That(
                () => InputFile.OpenRead(Posix.MakeFifo(folder.File("fifo"))),
                Refusal("is a device, a pipe or a socket")
            );
            Assert.That(() => InputFile.OpenRead("/dev/zero"), Refusal("is a device"));
            Assert.That(() => InputFile.OpenRead(toDevice), Refusal("is a device"));
            Assert.That(() => InputFile.OpenRead(loop), Refusal("is a link that leads nowhere"));
            Assert.That(() => InputFile.OpenRead(dangling), Refusal("is a link that leads nowhere"));
        });
    }

    [Test]
    public void WhereAnotherFileNamesItALinkIsRefused()
    {
        string file = folder.With("file", 1),
            link = folder.File("link"),
            loop = folder.File("loop");
        File.CreateSymbolicLink(link, file);
        File.CreateSymbolicLink(loop, loop);
        using (FileStream opened = InputFile.OpenUnlinked(file))
            Assert.That(opened.Length, Is.EqualTo(1));
        Assert.Multiple(() =>
        {
            Assert.That(() => InputFile.OpenUnlinked(link), Refusal("is a link"));
            Assert.That(() => InputFile.OpenUnlinked(loop), Refusal("is a link"));
            Assert.That(() => InputFile.OpenUnlinked(folder.File("none")), Refusal("no such file"));
        });
    }

    private static NUnit.Framework.Constraints.Constraint Refusal(string text) =>
        Throws.TypeOf<InvalidDataException>().With.Message.Contains(text);
}
