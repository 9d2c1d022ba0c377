namespace UnpairedSegEngine.Storage.Tests;

public sealed class AtomicFileTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void AFileIsWrittenReplacedAndAlone()
    {
        string path = folder.File("a");
        AtomicFile.Write(path, stream => stream.Write("one"u8));
        AtomicFile.WriteText(path, writer => writer.WriteLine("two"));
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllText(path), Is.EqualTo("two\n"));
            Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Has.Exactly(1).Items);
        });
    }

    [Test]
    public void WhereWritingFailsTheOldFileStandsAndNothingIsLeft()
    {
        string path = folder.File("a");
        AtomicFile.Write(path, stream => stream.Write("one"u8));
        Assert.That(
            () =>
                AtomicFile.Write(
                    path,
                    stream =>
                    {
                        stream.Write("half"u8);
                        throw new IOException("full");
                    }
                ),
            Throws.TypeOf<IOException>().With.Message.EqualTo("full")
        );
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllText(path), Is.EqualTo("one"));
            Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Has.Exactly(1).Items);
        });
    }

    [Test]
    public void EveryFailingOperationLeavesTheOldFileOrTheNewOneAndIsHeardOf()
    {
        for (int failing = 1; ; failing++)
        {
            string path = folder.File($"a{failing}");
            AtomicFile.Write(path, stream => stream.Write("one"u8));
            var disk = new FailingFileSystem(failing);
            try
            {
                AtomicFile.Write(path, stream => stream.Write("two"u8), disk);
                Assert.That((failing, File.ReadAllText(path)), Is.EqualTo((4, "two")));
                return;
            }
            catch (IOException exception)
            {
                Assert.That(exception.Message, Is.EqualTo($"operation {failing}"));
                Assert.That(File.ReadAllText(path), Is.EqualTo("one").Or.EqualTo("two"));
            }
        }
    }

    [Test]
    public void AFolderIsThereWholeOrNotAtAll()
    {
        for (int failing = 1; ; failing++)
        {
            string path = folder.File($"f{failing}");
            try
            {
                AtomicFile.WriteFolder(
                    path,
                    [new("a", stream => stream.Write("1"u8)), new("b", stream => stream.Write("2"u8))],
                    new FailingFileSystem(failing)
                );
                Assert.That(failing, Is.EqualTo(7));
                return;
            }
            catch (IOException)
            {
                Assert.That(!Directory.Exists(path) || Directory.EnumerateFiles(path).Count() == 2);
            }
        }
    }

    [Test]
    public void NamesOfAFileSystemsLongestAreWritten([Values("a", "ä", "肝")] string letter)
    {
        string name = string.Concat(Enumerable.Repeat(letter, 255 / System.Text.Encoding.UTF8.GetByteCount(letter)));
        AtomicFile.Write(folder.File(name), stream => stream.Write("1"u8));
        Assert.That(File.ReadAllText(folder.File(name)), Is.EqualTo("1"));
    }

    [Test]
    public void AFolderThatIsMissingIsHeardOf() =>
        Assert.That(() => AtomicFile.Write(Path.Combine(folder.Path, "none", "a"), _ => { }), Throws.InstanceOf<IOException>());
}
