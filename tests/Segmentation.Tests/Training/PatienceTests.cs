using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Configuration;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>Runs that end by themselves, and what does not learn.</summary>
internal sealed class PatienceTests
{
    private readonly TinyRuns bench = new();

    [OneTimeTearDown]
    public void Delete() => bench.Dispose();

    /// <summary>The running mean and how long it was no better, by hand.</summary>
    [Test]
    public void The_smoothed_score_is_compared()
    {
        Patience? patience = null;
        (double Score, double Smoothed, double Best, int Waited)[] expected =
        [
            (0.5, 0.5, 0.5, 0),
            (0.9, 0.6, 0.6, 0),
            (0.2, 0.5, 0.6, 1),
            (double.NaN, 0.5, 0.6, 2),
            (0.9, 0.6, 0.6, 3),
            (1, 0.7, 0.7, 0),
        ];
        foreach ((int i, (double score, double smoothed, double best, int waited)) in expected.Index())
        {
            patience = Patience.After(patience, new Score("x", score), smoothing: 0.75, step: i);
            Assert.That(patience!.Smoothed, Is.EqualTo(smoothed).Within(1e-12), $"validation {i}");
            Assert.That((patience.Best, patience.Waited), Is.EqualTo((best, waited)).Within(1e-12), $"validation {i}");
        }

        Assert.That(Patience.After(null, new Score("x", double.NaN), 0.5, 1), Is.Null);
        Patience error = Patience.After(
            Patience.After(null, new Score("error", 2, HigherIsBetter: false), 0, 1),
            new Score("error", 1, HigherIsBetter: false),
            0,
            2
        )!;
        Assert.That((error.Best, error.BestStep), Is.EqualTo((1, 2)));
    }

    /// <summary>Nothing is learnt at such a rate: no validation is better than the first.</summary>
    [Test]
    public void A_run_out_of_patience_ends_the_same_whether_or_not_it_was_interrupted()
    {
        string[] sets = ["optimizer.learning_rate=1e-12", "training.patience=3", "training.validate_every=1"];
        List<string> notes = [];
        string whole = bench.Train("whole", resume: false, notes: notes, sets: sets);
        Assert.That(notes, Has.Some.StartsWith("ended early: smoothed mean_dice").And.Some.Contains("(training.patience 3)"));
        bench.Train("parts", resume: false, stopAfter: 2, sets: sets);
        string parts = bench.Train("parts", resume: true);
        int last = Directory
            .GetDirectories(whole, "step-*")
            .Max(folder =>
                int.Parse(Path.GetFileName(folder)["step-".Length..], System.Globalization.CultureInfo.InvariantCulture)
            );
        Assert.That(last, Is.InRange(4, TinyRuns.Steps - 1));
        foreach (string file in new[] { "weights.safetensors", "optimizer.safetensors", "state.json" })
            Assert.That(File.ReadAllBytes(FileOf(parts, file)), Is.EqualTo(File.ReadAllBytes(FileOf(whole, file))), file);
        Assert.That(File.ReadAllText(FileOf(whole, "state.json")), Does.Contain("\"ended\": \"ended early"));
        Assert.That(bench.RecordsOf("parts"), Is.EqualTo(bench.RecordsOf("whole")));

        notes.Clear();
        bench.Train("whole", resume: true, notes: notes);
        Assert.That(notes, Has.Some.Contains("--set training.patience=0"), "and it stays ended");
        Assert.That(Directory.Exists(Path.Combine(whole, $"step-{last + 1:D8}")), Is.False);

        string FileOf(string checkpoints, string file) => Path.Combine(checkpoints, $"step-{last:D8}", file);
    }

    [TestCase("enc*", "enc1_1.kernel", true)]
    [TestCase("enc1", "enc1_1.norm.gamma", true)]
    [TestCase("enc1", "enc10_1.kernel", false)]
    [TestCase("enc1_1", "enc1_1.kernel", true)]
    [TestCase("*.norm.*", "enc1_1.norm.gamma", true)]
    [TestCase("dec?", "dec1_2.kernel", true)]
    [TestCase("dec?", "deconv1.kernel", false)]
    [TestCase("ENC1", "enc1_1.kernel", false)]
    [TestCase("logits", "dec2.logits.kernel", false)]
    public void Patterns_match_names_layers_and_stages(string pattern, string parameter, bool matches) =>
        Assert.That(new NamePatterns($"nothing,{pattern}").Matches(parameter), Is.EqualTo(matches));
}
