using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Cli.Tests;

internal sealed class ConfigDocumentationTests : CommandLine
{
    [Test]
    public void The_documentation_lists_the_keys_as_they_are() =>
        Assert.That(
            File.ReadAllText(Document("configuration.md")),
            Does.EndWith(Run("config", "--explain").Output),
            "write the output of `unpairedseg config --explain` into docs/configuration.md"
        );

    [Test]
    public void The_reference_of_commands_is_what_the_program_says() =>
        Assert.That(
            File.ReadAllText(Document("cli.md")),
            Is.EqualTo(Run("info", "--commands").Output),
            "write the output of `unpairedseg info --commands` into docs/cli.md"
        );

    [Test]
    public void The_schema_is_that_of_the_keys() =>
        Assert.That(
            File.ReadAllText(Document("config.schema.json")),
            Is.EqualTo(Run("config", "--schema").Output),
            "write the output of `unpairedseg config --schema` into docs/config.schema.json"
        );

    [Test]
    public void A_checked_file_is_printed_resolved()
    {
        string file = PathOf("some.yaml");
        File.WriteAllText(file, "training:\n  steps: 7\n");
        (int code, string output, _) = Run("config", "--config", file, "--set", "network.channels=8");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("steps: 7").And.Contains("channels: 8").And.Contains("temperature: 2"));
    }

    [TestCase("paper-cardiac-2d", "steps: 150000", "batch: 8", "learning_rate: 0.001")]
    [TestCase("paper-abdomen-3d", "steps: 50000", "batch: 2", "learning_rate: 0.0001")]
    [TestCase("strong", "schedule: poly", "deep_supervision: 2", "clip: 12", "nesterov: true", "learning_rate: 0.05")]
    [TestCase("kd-net-protokd", "name: kd-net", "temperature: 10")]
    [TestCase("paper-uagan", "name: uagan", "steps: 73600", "shape_ramp: 0.6", "name: two_stream2d")]
    [TestCase("demo-uagan", "name: uagan", "halvings: 3")]
    public void Presets_are_read_by_their_names(string preset, params string[] lines)
    {
        (int code, string output, string errors) = Run("config", "--config", preset);
        Assert.That(code, Is.Zero, errors);
        foreach (string line in lines)
            Assert.That(output, Does.Contain(line));
    }

    [Test]
    public void Presets_are_listed_with_what_they_are_for()
    {
        string[] lines = Run("config", "--presets").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines.Select(line => line.Split(' ')[0]), Is.EqualTo(ConfigFile.Presets));
        Assert.That(lines, Has.All.Match(@"^\S+ +[A-Z].{20,}$"));
    }

    private static string Document(string name) => Path.Combine(Repository.Root, "docs", name);
}
