using System.Text;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Engine.Tests.Checkpoints;

public sealed class CheckpointStoreTests
{
    private static readonly string[] FilesOfACheckpoint = ["manifest.json", "state.json", "weights.safetensors"];

    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void AnEmptyStoreHasNoCheckpoint()
    {
        var store = new CheckpointStore(folder.File("none"));
        Assert.That((store.Latest(), store.Best()), Is.EqualTo(((Checkpoint?)null, (Checkpoint?)null)));
    }

    [Test]
    public void TheLatestFewAndTheBestAreKept()
    {
        var store = new CheckpointStore(folder.Path, keep: 2);
        store.SaveBest(1, Contents(1));
        for (int step = 1; step <= 12; step++)
            store.Save(step, Contents(step));
        store.SaveBest(9, Contents(9));

        Assert.Multiple(() =>
        {
            Assert.That(
                Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName),
                Is.EquivalentTo(new[] { "best-00000009", "step-00000011", "step-00000012" })
            );
            Assert.That(StateIn(store.Latest()), Is.EqualTo("state of 12"));
            Assert.That(StateIn(store.Best()), Is.EqualTo("state of 9"));
        });
    }

    [Test]
    public void AnIntactCheckpointIsNotWrittenAgainAndADamagedOneIs()
    {
        var store = new CheckpointStore(folder.Path);
        store.Save(1, Contents(1));
        store.Save(1, Contents(2));
        Assert.That(StateIn(store.Latest()), Is.EqualTo("state of 1"));

        File.Delete(store.Latest()!.File("state.json"));
        store.Save(1, Contents(1));
        Assert.That(StateIn(store.Latest()), Is.EqualTo("state of 1"));
    }

    [Test]
    public void EveryDamageOfTheNewestLoadsTheOneBeforeItWithAWarning(
        [ValueSource(nameof(FilesOfACheckpoint))] string name,
        [Values("missing", "truncated", "empty", "flipped", "longer")] string damage
    )
    {
        var warnings = new List<string>();
        var store = new CheckpointStore(folder.Path, warn: warnings.Add);
        store.Save(1, Contents(1));
        store.Save(2, Contents(2));
        string file = store.Latest()!.File(name);
        Damage(file, damage);

        Assert.Multiple(() =>
        {
            Assert.That(store.Latest()!.Step, Is.EqualTo(1));
            Assert.That(warnings, Has.Count.EqualTo(1));
            Assert.That(warnings[0], Does.Contain(name).And.Contains("step-00000002").And.Not.Contains("\n"));
        });
    }

    [Test]
    public void WhereAllAreDamagedOneErrorNamesTheFile()
    {
        var store = new CheckpointStore(folder.Path);
        store.Save(1, Contents(1));
        string file = store.Latest()!.File("weights.safetensors");
        Damage(file, "truncated");
        Assert.That(store.Latest, Throws.TypeOf<InvalidDataException>().With.Message.Contains(file));
    }

    [Test]
    public void AFileThatTheManifestDoesNotListIsDamage()
    {
        var store = new CheckpointStore(folder.Path);
        store.Save(1, Contents(1));
        File.WriteAllText(Path.Combine(folder.Path, "step-00000001", "extra"), "");
        Assert.That(store.Latest, Throws.TypeOf<InvalidDataException>().With.Message.Contains("'extra'"));
    }

    [Test]
    public void ACrashAtAnyOperationLeavesTheOldOrTheNewCheckpointAndTheNextSaveCleansUp()
    {
        bool finished = false;
        for (int failing = 1; !finished; failing++)
        {
            using var disk = new TemporaryFolder();
            var before = new CheckpointStore(disk.Path, keep: 1);
            before.Save(1, Contents(1));
            before.SaveBest(1, Contents(1));
            var faulty = new FaultyFileSystem(failing);
            try
            {
                var store = new CheckpointStore(disk.Path, keep: 1, fileSystem: faulty);
                store.Save(2, Contents(2));
                store.SaveBest(2, Contents(2));
                finished = true;
            }
            catch (IOException)
            {
                // The crash.
            }

            var warnings = new List<string>();
            var after = new CheckpointStore(disk.Path, keep: 1, warn: warnings.Add);
            Assert.That(
                (StateIn(after.Latest()), StateIn(after.Best())),
                Is.AnyOf(("state of 1", "state of 1"), ("state of 2", "state of 1"), ("state of 2", "state of 2")),
                $"operation {failing}"
            );
            Assert.That(warnings, Is.Empty, $"operation {failing}");

            after.Save(3, Contents(3));
            after.SaveBest(3, Contents(3));
            Assert.That(
                Directory.EnumerateFileSystemEntries(disk.Path).Select(Path.GetFileName),
                Is.EquivalentTo(new[] { "best-00000003", "step-00000003" }),
                $"operation {failing}"
            );
            Assert.That(failing, Is.LessThan(100));
        }
    }

    [Test]
    public void ACrashAtAnyOperationLeavesTheOldOrTheNewFile()
    {
        string path = folder.File("file");
        bool finished = false;
        for (int failing = 1; !finished; failing++)
        {
            File.WriteAllText(path, "old");
            try
            {
                AtomicFile.Write(path, stream => stream.Write("newer"u8), new FaultyFileSystem(failing));
                finished = true;
            }
            catch (IOException)
            {
                // The crash.
            }

            Assert.That(File.ReadAllText(path), Is.AnyOf("old", "newer"), $"operation {failing}");
        }

        Assert.That(File.ReadAllText(path), Is.EqualTo("newer"));
    }

    private static Dictionary<string, Action<Stream>> Contents(int step) =>
        new()
        {
            ["weights.safetensors"] = stream => stream.Write(Encoding.UTF8.GetBytes($"weights of {step}")),
            ["state.json"] = stream => stream.Write(Encoding.UTF8.GetBytes($"state of {step}")),
        };

    private static string? StateIn(Checkpoint? checkpoint) =>
        checkpoint is null ? null : File.ReadAllText(checkpoint.File("state.json"));

    private static void Damage(string file, string damage)
    {
        byte[] bytes = File.ReadAllBytes(file);
        switch (damage)
        {
            case "missing":
                File.Delete(file);
                return;
            case "truncated":
                bytes = bytes[..(bytes.Length / 2)];
                break;
            case "empty":
                bytes = [];
                break;
            case "flipped":
                bytes[bytes.Length / 2] ^= 0x10;
                break;
            default:
                bytes = [.. bytes, (byte)'x'];
                break;
        }

        File.WriteAllBytes(file, bytes);
    }
}
