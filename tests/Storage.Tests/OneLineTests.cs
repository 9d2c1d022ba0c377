namespace UnpairedSegEngine.Storage.Tests;

public sealed class OneLineTests
{
    [TestCase("as it is, ä 肝 😀", "as it is, ä 肝 😀")]
    [TestCase("a\nb", "a b")]
    [TestCase("a\r\nb", "a b")]
    [TestCase("a\u2028b\u2029c\u0085d", "a b c d")]
    [TestCase("\u001b[2Jx", " [2Jx")]
    [TestCase("a\0b\u009bc", "a b c")]
    [TestCase("cod\u202Eexe", "cod exe")]
    [TestCase("", "")]
    public void OnlyWhatBreaksALineOrObeysIsReplaced(string text, string line) => Assert.That(OneLine.Of(text), Is.EqualTo(line));

    /// <remarks>Arguments of attributes hold no such text.</remarks>
    [Test]
    public void HalvesOfCharactersAreReplaced() => Assert.That(OneLine.Of("half \ud800.\udc00"), Is.EqualTo("half  . "));

    [TestCase(1007)]
    [TestCase(1008)]
    [TestCase(1_000_000)]
    public void LongTextsLoseTheirMiddle(int length)
    {
        string text = $"first{new string('x', length - 9)}last";
        string line = OneLine.Of(text);
        Assert.Multiple(() =>
        {
            Assert.That(line, Has.Length.LessThanOrEqualTo(1007));
            Assert.That(line, Does.StartWith("first").And.EndsWith("last"));
            Assert.That(line.Contains(" [...] ", StringComparison.Ordinal), Is.EqualTo(length > 1007));
        });
    }
}
