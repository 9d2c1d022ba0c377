using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

internal sealed class TrainerTests
{
    private const int Steps = TinyRuns.Steps;

    private readonly TinyRuns bench = new();

    [OneTimeTearDown]
    public void Delete() => bench.Dispose();

    [Test]
    public void A_run_that_was_stopped_and_resumed_ends_with_the_same_bits(
        [Values(NetworkName.Dilated2d, NetworkName.Unet3d)] NetworkName network,
        [Values] OptimizerName optimizer
    )
    {
        (string wholeRun, string partsRun) = ($"whole-{network}-{optimizer}", $"parts-{network}-{optimizer}");
        string[] sets = [$"optimizer.name={optimizer.ToString().ToLowerInvariant()}", "optimizer.nesterov=true"];
        string whole = Train(wholeRun, resume: false, network: network, sets: sets);
        Train(partsRun, resume: false, stopAfter: 3, network: network, sets: sets);
        Assert.That(
            Directory.GetDirectories(bench.PathOf(partsRun, "checkpoints")).Select(Path.GetFileName),
            Does.Contain("step-00000003")
        );
        string parts = Train(partsRun, resume: true);

        foreach (string file in new[] { "weights.safetensors", "optimizer.safetensors", "state.json" })
        {
            byte[] expected = File.ReadAllBytes(Path.Combine(whole, $"step-{Steps:D8}", file));
            Assert.That(File.ReadAllBytes(Path.Combine(parts, $"step-{Steps:D8}", file)).AsSpan().SequenceEqual(expected), file);
        }

        Assert.That(RecordsOf(partsRun), Is.EqualTo(RecordsOf(wholeRun)));
    }

    [Test]
    public void A_scheme_whose_weights_are_averaged_goes_on_with_the_same_bits(
        [Values("alternating", "style_mixing")] string scheme
    )
    {
        string[] sets = [$"scheme={scheme}", "training.average=0.9"];
        (string whole, string parts) = ($"whole-{scheme}", $"parts-{scheme}");
        Train(whole, resume: false, network: NetworkName.Unet3d, sets: sets);
        Train(parts, resume: false, stopAfter: 3, network: NetworkName.Unet3d, sets: sets);
        Train(parts, resume: true);
        Assert.That(bench.EndOf(parts), Is.EqualTo(bench.EndOf(whole)));
        Assert.That(RecordsOf(parts), Is.EqualTo(RecordsOf(whole)));
    }

    /// <summary>What a device varies is a function of seed and step, too; and it is the samples that the host would
    /// have.</summary>
    [Test]
    public void A_run_whose_samples_the_device_varies_goes_on_with_the_same_bits(
        [Values(NetworkName.Dilated2d, NetworkName.Unet3d)] NetworkName network
    )
    {
        (string whole, string parts, string host) = ($"device-{network}", $"device-parts-{network}", $"host-{network}");
        Train(whole, resume: false, network: network, sets: "augmentation.place=device");
        Train(parts, resume: false, stopAfter: 3, network: network, sets: "augmentation.place=device");
        Train(parts, resume: true);
        Train(host, resume: false, network: network, sets: "augmentation.place=host");
        Assert.That(bench.EndOf(parts), Is.EqualTo(bench.EndOf(whole)));
        Assert.That(bench.EndOf(host), Is.EqualTo(bench.EndOf(whole)), "on the processor: the same operations in the same order");
        Assert.That(RecordsOf(parts), Is.EqualTo(RecordsOf(whole)));
    }

    [Test]
    public void A_damaged_newest_checkpoint_is_passed_over_with_a_warning()
    {
        Train("damaged", resume: false);
        string newest = bench.PathOf("damaged", "checkpoints", $"step-{Steps:D8}", "weights.safetensors");
        using (FileStream file = File.OpenWrite(newest))
            file.SetLength(file.Length / 2);
        var notes = new List<string>();
        Train("damaged", resume: true, notes: notes);
        Assert.That(notes, Has.Some.Contains("weights.safetensors"));
    }

    [Test]
    public void Validation_scores_and_the_best_checkpoint_are_recorded()
    {
        string checkpoints = Train("scores", resume: false);
        Assert.That(Directory.GetDirectories(checkpoints, "best-*"), Has.Length.EqualTo(1));
        Assert.That(
            RecordsOf("scores").SelectMany(r => r),
            Has.Some.StartsWith("dice/CT/liver").And.Some.StartsWith("mean_dice")
        );
        Assert.That(File.Exists(bench.PathOf("scores", "pictures", "training.png")));
    }

    private string[][] RecordsOf(string name) => bench.RecordsOf(name);

    private string Train(
        string name,
        bool resume,
        long stopAfter = long.MaxValue,
        List<string>? notes = null,
        NetworkName network = NetworkName.Dilated2d,
        params string[] sets
    ) => bench.Train(name, resume, stopAfter, notes, network, sets: sets);
}
