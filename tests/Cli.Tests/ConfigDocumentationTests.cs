namespace UnpairedSegEngine.Cli.Tests;

internal sealed class ConfigDocumentationTests : CommandLine
{
    [Test]
    public void The_documentation_lists_the_keys_as_they_are()
    {
        string? root = TestContext.CurrentContext.TestDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "UnpairedSegEngine.sln")))
            root = Path.GetDirectoryName(root);
        string page = File.ReadAllText(Path.Combine(root!, "docs", "configuration.md"));
        Assert.That(page, Does.EndWith(Run("config", "--explain").Output), "write the output of `unpairedseg config --explain` into docs/configuration.md");
    }

    [Test]
    public void A_checked_file_is_printed_resolved()
    {
        string file = PathOf("some.yaml");
        File.WriteAllText(file, "training:\n  steps: 7\n");
        (int code, string output, _) = Run("config", "--config", file, "--set", "network.channels=8");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("steps: 7").And.Contains("channels: 8").And.Contains("temperature: 2"));
    }
}
