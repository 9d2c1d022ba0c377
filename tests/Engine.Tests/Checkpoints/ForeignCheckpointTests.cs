using System.Text;
using UnpairedSegEngine.Checkpoints;

namespace UnpairedSegEngine.Engine.Tests.Checkpoints;

/// <summary>
/// Checkpoints whose manifest somebody else wrote: none of what it names is read unless it is a file of its folder, and none
/// stops the fall-back.
/// </summary>
public sealed class ForeignCheckpointTests
{
    private const string Entry = """{"size": 4, "xx_hash128": "00"}""";

    private TemporaryFolder folder = null!;
    private string newest = null!;
    private List<string> warnings = null!;

    [SetUp]
    public void SaveTwoSteps()
    {
        folder = new TemporaryFolder();
        warnings = [];
        var store = new CheckpointStore(folder.Path);
        for (int step = 1; step <= 2; step++)
            store.Save(
                step,
                new Dictionary<string, Action<Stream>>
                {
                    ["weights.safetensors"] = stream => stream.Write("weights"u8),
                    ["state.json"] = stream => stream.Write("{}"u8),
                }
            );
        newest = Path.Combine(folder.Path, "step-00000002");
    }

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [TestCase("{}", "does not list any file")]
    [TestCase("""{"state.json": {"size": 2, "xx_hash128": "00"}}""", "does not list 'weights.safetensors'")]
    [TestCase("null", "manifest.json")]
    [TestCase("[]", "manifest.json")]
    [TestCase("""{"a\nb": {"size": 211529215046068469760}}""", "manifest.json")]
    [TestCase("""{"\ud800": """ + Entry + "}", "invalid Unicode")]
    public void AManifestThatDoesNotSayWhatIsThereIsDamage(string manifest, string says) => RequireFallBack(manifest, says);

    [TestCase("/dev/zero")]
    [TestCase("/etc/passwd")]
    [TestCase("../../etc/passwd")]
    [TestCase("../step-00000001/state.json")]
    [TestCase("..")]
    [TestCase(".")]
    [TestCase("")]
    [TestCase("sub/file")]
    [TestCase("sub\\\\file")]
    [TestCase("manifest.json")]
    public void AnEntryThatIsNoFileOfTheFolderIsNotRead(string name) =>
        RequireFallBack(
            $$"""{"{{name}}": {{Entry}}, "weights.safetensors": {{Entry}}, "state.json": {{Entry}}}""",
            "is no name of a file in its folder"
        );

    [TestCase("-1")]
    [TestCase("9223372036854775807")]
    [TestCase("0")]
    public void ASizeIsComparedAndNotBelieved(string size) =>
        RequireFallBack(
            $$"""{"weights.safetensors": {{Entry}}, "state.json": {"size": {{size}}, "xx_hash128": "00"} }""",
            $"its manifest says {size}"
        );

    [TestCase("loop")]
    [TestCase("device")]
    [TestCase("dangling")]
    [TestCase("twin")]
    [TestCase("folder")]
    public void ALinkADeviceOrAFolderInAFilesPlaceIsDamage(string kind)
    {
        string path = Path.Combine(newest, "weights.safetensors");
        File.Move(path, Path.Combine(folder.Path, "weights"));
        if (kind == "folder")
            Directory.CreateDirectory(path);
        else
            File.CreateSymbolicLink(
                path,
                kind switch
                {
                    "loop" => path,
                    "device" => "/dev/zero",
                    "dangling" => Path.Combine(folder.Path, "none"),
                    _ => Path.Combine(folder.Path, "weights"),
                }
            );
        RequireFallBack(manifest: null, "weights.safetensors");
    }

    [Test]
    public void AManifestThatIsADeviceIsDamage()
    {
        string path = Path.Combine(newest, "manifest.json");
        File.Delete(path);
        File.CreateSymbolicLink(path, "/dev/zero");
        RequireFallBack(manifest: null, "is a device");
    }

    [Test]
    public void AManifestThatIsTooLongIsNotRead() => RequireFallBack($"{{{new string(' ', 2_000_000)}}}", "expected at most");

    [Test]
    public void HiddenFilesOfTheSystemAreNoDamage()
    {
        File.WriteAllText(Path.Combine(newest, ".DS_Store"), "");
        Assert.That(new CheckpointStore(folder.Path).Latest()!.Step, Is.EqualTo(2));
    }

    private void RequireFallBack(string? manifest, string says)
    {
        if (manifest is not null)
            File.WriteAllText(Path.Combine(newest, "manifest.json"), manifest, new UTF8Encoding(false));
        var store = new CheckpointStore(folder.Path, warn: warnings.Add, required: ["weights.safetensors", "state.json"]);
        Assert.Multiple(() =>
        {
            Assert.That(store.Latest()?.Step, Is.EqualTo(1));
            Assert.That(warnings, Has.Count.EqualTo(1));
            Assert.That(warnings[0], Does.Contain(says).And.Contains(newest).And.Not.Contains("\n"));
        });
    }
}
