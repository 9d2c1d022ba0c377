using System.Text;

namespace UnpairedSegEngine.Storage.Tests;

public sealed class FileNameTests
{
    private static readonly string[] Odd =
    [
        "a/b",
        "a\\b",
        "a%2Fb",
        "a:b",
        "a*b?",
        "..",
        ".",
        "...",
        ".hidden",
        "tail.",
        " front",
        "back ",
        "",
        "%",
        "a\nb",
        "a\0b",
        "\u001b[2J",
        "prostate/uterus",
        "left kidney",
        "Leber ä",
        "肝臓",
        "😀",
        "../../../x",
    ];

    [TestCase("liver", "liver")]
    [TestCase("left kidney", "left kidney")]
    [TestCase("prostate/uterus", "prostate%2Futerus")]
    [TestCase("../../../x", "%2E.%2F..%2F..%2Fx")]
    [TestCase("..", "%2E%2E")]
    [TestCase("100%", "100%25")]
    [TestCase("Leber ä", "Leber ä")]
    [TestCase("a\nb", "a%0Ab")]
    [TestCase("", "%")]
    public void NamesAreAsExpected(string text, string name) => Assert.That(FileName.Encode(text), Is.EqualTo(name));

    [Test]
    public void DifferentTextsHaveDifferentNames() => Assert.That(Odd.Select(FileName.Encode), Is.Unique);

    [Test]
    public void EveryNameIsOneFileOfItsFolder()
    {
        using var folder = new TemporaryFolder();
        foreach (string text in Odd)
        {
            string name = FileName.Encode(text);
            File.WriteAllText(folder.File(name), "");
            Assert.That(Path.GetDirectoryName(Path.GetFullPath(folder.File(name))), Is.EqualTo(folder.Path), text);
            Assert.That(FileName.IsPlain(name), text);
        }

        Assert.That(Directory.EnumerateFiles(folder.Path).Count(), Is.EqualTo(Odd.Length));
    }

    [Test]
    public void LongTextsAreCutAndStayDifferent([Values("a", "ä", "肝", "😀")] string letter)
    {
        string text = string.Concat(Enumerable.Repeat(letter, 300));
        string[] names = [FileName.Encode(text), FileName.Encode(text + "b"), FileName.Encode(text + "c")];
        Assert.Multiple(() =>
        {
            Assert.That(names, Is.Unique);
            Assert.That(names.Select(Encoding.UTF8.GetByteCount), Is.All.LessThanOrEqualTo(120));
            Assert.That(names.Select(name => name.Contains('\uFFFD', StringComparison.Ordinal)), Is.All.False);
        });
    }

    [TestCase("weights.safetensors", true)]
    [TestCase("ct_01", true)]
    [TestCase("a:b %", true)]
    [TestCase("😀", true)]
    [TestCase("", false)]
    [TestCase(".", false)]
    [TestCase("..", false)]
    [TestCase(".hidden", false)]
    [TestCase("a/b", false)]
    [TestCase("/dev/zero", false)]
    [TestCase("../../etc/passwd", false)]
    [TestCase("a\\b", false)]
    [TestCase("a\nb", false)]
    public void PlainNamesAreTold(string text, bool isPlain) => Assert.That(FileName.IsPlain(text), Is.EqualTo(isPlain));

    [Test]
    public void ANameThatNoFileSystemTakesIsNotPlain() =>
        Assert.That((FileName.IsPlain(new string('a', 256)), FileName.IsPlain("a\ud800")), Is.EqualTo((false, false)));
}
