using System.Text;
using System.Text.Json;

namespace UnpairedSegEngine.Storage.Tests;

public sealed class JsonFileTests
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void AByteOrderMarkIsPassedOver()
    {
        string path = folder.With("a.json", [0xEF, 0xBB, 0xBF, .. "{\"name\":\"Leber \\u00e4 \\ud83d\\ude00\",\"count\":2}"u8]);
        using JsonDocument document = JsonFile.Parse(path);
        Assert.Multiple(() =>
        {
            Assert.That(document.RootElement.GetProperty("name").GetString(), Is.EqualTo("Leber ä 😀"));
            Assert.That(JsonFile.Read<Settings>(path, Web), Is.EqualTo(new Settings("Leber ä 😀", 2)));
        });
    }

    [Test]
    public void WhatIsWrittenIsReadAgain_WhatCannotBeWrittenChangesNothing()
    {
        string path = folder.With("a.json", [.. "old"u8]);
        JsonFile.Write(path, new Settings("Leber", 2), Web);
        Assert.Multiple(() =>
        {
            Assert.That(
                () =>
                    JsonFile.Write(
                        path,
                        new
                        {
                            Count = 1,
                            Pointer = (nint)1,
                            Type = typeof(int),
                        }
                    ),
                Throws.TypeOf<NotSupportedException>()
            );
            Assert.That(JsonFile.Read<Settings>(path, Web), Is.EqualTo(new Settings("Leber", 2)));
            Assert.That(Directory.GetFiles(Path.GetDirectoryName(path)!), Is.EqualTo(new[] { path }));
        });
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("null")]
    [TestCase("{")]
    [TestCase("{\"name\":1}")]
    [TestCase("{\"count\":1e400}")]
    [TestCase("{\"count\":99999999999999999999}")]
    [TestCase("[]")]
    [TestCase("{\"name\":\"a\" \"b\":1}")]
    [TestCase("{\"a\nb\":1,}")]
    [TestCase("// comment\n{}")]
    public void WhatIsNoSuchObjectEndsInOneLine(string text) =>
        Assert.That(
            () => JsonFile.Read<Settings>(folder.With("a.json", Encoding.UTF8.GetBytes(text)), Web),
            OneLineNaming("a.json")
        );

    [TestCase("{\"name\":\"\\ud800\"}")]
    [TestCase("{\"name\":\"\\udc00\\ud800\"}")]
    [TestCase("{\"\\ud800\":1}")]
    [TestCase("[[\"a\",\"\\udfff\"]]")]
    public void HalvesOfCharactersAreRefused(string text)
    {
        string path = folder.With("a.json", Encoding.UTF8.GetBytes(text));
        Assert.Multiple(() =>
        {
            Assert.That(() => JsonFile.Parse(path), OneLineNaming("a.json", "invalid Unicode text at byte"));
            Assert.That(() => JsonFile.Read<Dictionary<string, object>>(path, Web), OneLineNaming("a.json"));
        });
    }

    [TestCase(0xFF)]
    [TestCase(0xC3)]
    [TestCase(0xC0, 0x80)]
    [TestCase(0xED, 0xA0, 0x80)]
    public void BytesThatAreNoTextAreRefused(params int[] bytes) =>
        Assert.That(
            () => JsonFile.Parse(folder.With("a.json", [.. "{\"name\":\""u8, .. bytes.Select(b => (byte)b), .. "\"}"u8])),
            OneLineNaming("a.json", "invalid Unicode text at byte 8")
        );

    [TestCase("{\"liver\":1,\"liver\":2}")]
    [TestCase("{\"labels\":{\"liver\":1,\"spleen\":2,\"liver\":3}}")]
    [TestCase("[{\"a\":1},{\"b\":1,\"b\":1}]")]
    public void ANameThatAnObjectHasTwiceIsRefused(string text) =>
        Assert.That(
            () => JsonFile.Parse(folder.With("a.json", Encoding.UTF8.GetBytes(text))),
            OneLineNaming("a.json", "uplicate")
        );

    [Test]
    public void MoreValuesThanAreBelievedAreRefusedWithoutMemoryForThem()
    {
        string path = folder.With("a.json", Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat("1", 4_000_000))}]"));
        long length = new FileInfo(path).Length,
            before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => JsonFile.Parse(path), OneLineNaming("a.json", "holds more than 1048576 values"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(2 * length));
    }

    [Test]
    public void ALongerFileThanIsBelievedIsRefused() =>
        Assert.That(
            () => JsonFile.Read<Settings>(folder.With("a.json", [.. "{\"count\":1}"u8]), Web, most: 10),
            OneLineNaming("a.json", "expected at most 10")
        );

    [Test]
    public void DepthIsBounded() =>
        Assert.That(
            () => JsonFile.Parse(folder.With("a.json", Encoding.UTF8.GetBytes(new string('[', 100_000)))),
            OneLineNaming("a.json")
        );

    private static NUnit.Framework.Constraints.Constraint OneLineNaming(string name, string says = "") =>
        Throws
            .TypeOf<InvalidDataException>()
            .With.Message.Contains(name)
            .And.Message.Contains(says)
            .And.Message.Not.Contains("\n");

    private sealed record Settings(string? Name, int Count);
}
