using System.Globalization;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Segmentation.Inference;
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

    [TestCase("optimizer.schedule=poly", "optimizer.warm_up=3", "optimizer.clip=0.3")]
    [TestCase("optimizer.name=sgd", "optimizer.schedule=cosine", "augmentation.flip_rows=0.5", "augmentation.flip_slices=0.5")]
    [TestCase("loss.deep_supervision=2", "optimizer.clip=0.3")]
    [TestCase("training.freeze=enc*,logits", "optimizer.clip=0.3")]
    [TestCase("scheme=individual", "loss.deep_supervision=1")]
    public void A_run_with_options_goes_on_with_the_same_bits(params string[] sets)
    {
        string name = sets[0].Split('=')[1];
        sets = [.. sets, "data.size=16"];
        Train($"whole-{name}", resume: false, network: NetworkName.Unet3d, sets: sets);
        Train($"parts-{name}", resume: false, stopAfter: 3, network: NetworkName.Unet3d, sets: sets);
        Train($"parts-{name}", resume: true);
        Assert.That(bench.EndOf($"parts-{name}"), Is.EqualTo(bench.EndOf($"whole-{name}")));
        Assert.That(RecordsOf($"parts-{name}"), Is.EqualTo(RecordsOf($"whole-{name}")));
        using (TrainedModel.Open(bench.PathOf($"whole-{name}"))) { }
    }

    [Test]
    public void What_is_frozen_stays_and_the_rest_learns()
    {
        var notes = new List<string>();
        string checkpoints = Train(
            "frozen",
            resume: false,
            notes: notes,
            network: NetworkName.Unet3d,
            sets: ["training.freeze=enc1,dec*.kernel", "training.keep=4", "data.size=16"]
        );
        Assert.That(notes, Has.Some.StartsWith("frozen: 15 of 53 tensors").And.Some.Contains("enc1: 6, dec*.kernel: 9"));
        (Dictionary<string, NamedArray> early, Dictionary<string, NamedArray> late) = (At(4), At(Steps));
        foreach ((string name, NamedArray array) in late)
        {
            bool isFrozen =
                (name.StartsWith("enc1", StringComparison.Ordinal) && !name.Contains("running", StringComparison.Ordinal))
                || (name.StartsWith("dec", StringComparison.Ordinal) && name.EndsWith(".kernel", StringComparison.Ordinal));
            Assert.That(array.Bytes.Span.SequenceEqual(early[name].Bytes.Span), Is.EqualTo(isFrozen), name);
        }

        Dictionary<string, NamedArray> At(int step) =>
            SafetensorsFile
                .Read(Path.Combine(checkpoints, $"step-{step:D8}", "weights.safetensors"))
                .Arrays.ToDictionary(array => array.Name);
    }

    /// <summary>Rates of the records: warm-up, then (1 - t / T)^0.9.</summary>
    [Test]
    public void The_learning_rate_is_the_schedule_s()
    {
        string[] sets = ["optimizer.schedule=poly", "optimizer.warm_up=2", "optimizer.learning_rate=0.01", "data.size=16"];
        Train("rates", resume: false, network: NetworkName.Unet3d, sets: sets);
        double[] rates =
        [
            .. RecordsOf("rates")
                .SelectMany(record => record.Where(value => value.StartsWith("learning_rate ", StringComparison.Ordinal)))
                .Select(value => double.Parse(value.Split(' ')[1], CultureInfo.InvariantCulture)),
        ];
        double[] expected = [.. Enumerable.Range(0, Steps).Select(t => 0.01 * Math.Pow(1 - ((double)t / Steps), 0.9))];
        expected[0] /= 2;
        Assert.That(rates, Is.EqualTo(expected).Within(1e-12));
    }

    [Test]
    public void A_scheme_whose_weights_are_averaged_goes_on_with_the_same_bits(
        [Values("alternating", "style_mixing", "prototypes", "conditioned")] string scheme
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
