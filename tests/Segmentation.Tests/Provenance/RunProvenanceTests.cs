using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Provenance;

internal sealed class RunProvenanceTests
{
    [Test]
    public void What_is_written_is_read()
    {
        using var folder = new TemporaryFolder();
        RunProvenance written = Some();
        written.Write(folder.Path);
        RunProvenance read = RunProvenance.Find(folder.Path)!;
        Assert.That(written.DifferenceTo(read), Is.Null);
        Assert.That(read.Changes.Single().Differences, Is.EqualTo(written.Changes.Single().Differences));
        Assert.That(read.Data.Cases["ct_0"].Affine, Is.EqualTo(written.Data.Cases["ct_0"].Affine));
        Assert.That(RunProvenance.Find(Path.GetTempPath()), Is.Null);
    }

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("{\"data\": null, \"arithmetic\": null, \"settings\": {}, \"changes\": []}")]
    [TestCase("\uD800")]
    public void A_damaged_file_is_one_line_that_names_it(string text)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(RunProvenance.FileName), text);
        Assert.That(
            () => RunProvenance.Find(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(RunProvenance.FileName).And.Message.Not.Contains("\n")
        );
    }

    [Test]
    public void A_null_in_a_list_is_damage()
    {
        using var folder = new TemporaryFolder();
        Some().Write(folder.Path);
        string path = folder.File(RunProvenance.FileName);
        foreach (
            (string from, string to) in new[]
            {
                ("\"liver\"", "null"),
                ("\"shape\": [", "\"shape\": null, \"was\": ["),
                ("\"xx\"", "null"),
            }
        )
        {
            string text = File.ReadAllText(path);
            Assert.That(text, Does.Contain(from));
            File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
            Assert.That(
                () => RunProvenance.Find(folder.Path),
                Throws.TypeOf<InvalidDataException>().With.Message.Contains(RunProvenance.FileName)
            );
            File.WriteAllText(path, text);
        }
    }

    [TestCase("cuda:1", ConvolutionPrecision.Fp32, false, "--device was cpu and is cuda now")]
    [TestCase("emulated", ConvolutionPrecision.Bf16x3, false, "--device was cpu and is emulated now")]
    [TestCase("CPU", ConvolutionPrecision.Bf16, false, "--precision was fp32 and is bf16 now")]
    [TestCase("cpu", ConvolutionPrecision.Fp32, true, "--exact was not given and is given now")]
    [TestCase("cpu", ConvolutionPrecision.Fp32, false, null)]
    public void Arithmetic_is_compared(string device, ConvolutionPrecision precision, bool exact, string? expected) =>
        Assert.That(
            Arithmetic
                .Of("cpu", ConvolutionPrecision.Fp32, false)
                .DifferenceTo(Arithmetic.Of(device, precision, exact, "another processor")),
            Is.EqualTo(expected)
        );

    [Test]
    public void Settings_are_compared_but_those_that_no_result_depends_on()
    {
        var before = RunSettings.Of(ConfigLoader.Load(sets: ["data.normalization.CT=zscore", "training.threads=1"]));
        var now = RunSettings.Of(
            ConfigLoader.Load(
                sets:
                [
                    "data.normalization.CT=none",
                    "training.threads=2",
                    "training.keep=7",
                    "training.save_every=3",
                    "data.cache_megabytes=99",
                    "loss.kd.weight=0.25",
                ]
            )
        );
        Assert.That(
            RunSettings.Differences(before, now),
            Is.EqualTo(new[] { "data.normalization.CT was zscore and is none now", "loss.kd.weight was 0.5 and is 0.25 now" })
        );
        Assert.That(
            RunSettings.Differences(before, RunSettings.Of(ConfigLoader.Load())),
            Is.EqualTo(new[] { "data.normalization.CT was zscore and is absent now" })
        );
    }

    /// <summary>Runs from before there was a choice have "auto" in their settings, and their host varied samples.</summary>
    [TestCase("cuda", AugmentationPlace.Auto, null, AugmentationPlace.Device)]
    [TestCase("cpu", AugmentationPlace.Auto, null, AugmentationPlace.Host)]
    [TestCase("emulated", AugmentationPlace.Auto, null, AugmentationPlace.Device)]
    [TestCase("cuda", AugmentationPlace.Host, null, AugmentationPlace.Host)]
    [TestCase("cpu", AugmentationPlace.Device, null, AugmentationPlace.Device)]
    [TestCase("cuda", AugmentationPlace.Auto, AugmentationPlace.Host, AugmentationPlace.Host)]
    [TestCase("cuda", AugmentationPlace.Auto, AugmentationPlace.Device, AugmentationPlace.Device)]
    [TestCase("cuda", AugmentationPlace.Auto, AugmentationPlace.Auto, AugmentationPlace.Auto)]
    [TestCase("cuda", AugmentationPlace.Device, AugmentationPlace.Host, AugmentationPlace.Device)]
    public void Who_varies_samples_is_decided_when_a_run_begins(
        string device,
        AugmentationPlace asked,
        AugmentationPlace? earlier,
        AugmentationPlace expected
    )
    {
        AugmentationConfig placed = Arithmetic
            .Of($"{device}:0", ConvolutionPrecision.Fp32, false)
            .Place(At(asked), earlier is { } was ? At(was) : null)
            .Augmentation;
        Assert.That(placed.Place, Is.EqualTo(expected));
        Assert.That(placed.IsOnDevice, Is.EqualTo(expected == AugmentationPlace.Device));

        static TrainingConfig At(AugmentationPlace place) => new() { Augmentation = new AugmentationConfig { Place = place } };
    }

    private static RunProvenance Some() =>
        new(
            new DataIdentity(
                "/data",
                "aa",
                null,
                ["CT", "MR"],
                ["background", "liver"],
                new SplitIdentity(1, ["ct_0"], [], []),
                new Dictionary<string, CaseFingerprint>
                {
                    ["ct_0"] = new("CT", [2, 3, 4], [.. Enumerable.Range(0, 12).Select(i => i / 3.0)], "xx", null),
                }
            ),
            Arithmetic.Of("cpu", ConvolutionPrecision.Fp32, false, "avx2"),
            RunSettings.Of(new TrainingConfig()),
            [new RunChange(5, DateTimeOffset.UnixEpoch, ["train"], ["something"])]
        );
}
