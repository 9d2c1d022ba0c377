using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Transfer;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

/// <summary>What a run takes from the weights of another one.</summary>
internal sealed class WeightTransferTests
{
    private static readonly Dictionary<string, string> NoStarts = [];

    private readonly string folder = Directory.CreateTempSubdirectory("transfer-").FullName;
    private readonly Device device = Device.OpenCpu();
    private readonly CpuBackend backend;

    public WeightTransferTests() => backend = new CpuBackend(device, 1);

    [OneTimeTearDown]
    public void Close()
    {
        backend.Dispose();
        device.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void The_same_model_takes_all_as_it_is()
    {
        (TransferSource source, Dictionary<string, float[]> theirs) = Source("same", ["CT", "MR"], ["background", "liver"]);
        WeightTransfer transfer = Transfer(source, ["CT", "MR"], ["background", "liver"]);
        Assert.That(transfer.Report.Taken, Has.Count.EqualTo(theirs.Count));
        Assert.That(transfer.Report.Adapted.Keys.Concat(transfer.Report.Initial.Keys).Concat(transfer.Report.Unused), Is.Empty);
        foreach (NamedArray array in transfer.Weights)
            Assert.That(Values(array), Is.EqualTo(theirs[array.Name]), array.Name);
    }

    /// <summary>Read-out by class, normalization by modality: another order, one that is new, one that is gone.</summary>
    [Test]
    public void Classes_and_modalities_are_taken_by_name()
    {
        (TransferSource source, Dictionary<string, float[]> theirs) = Source(
            "names",
            ["CT", "MR"],
            ["background", "liver", "spleen"]
        );
        Dictionary<string, string> starts = new() { ["T1"] = "MR" };
        WeightTransfer transfer = Transfer(source, ["MR", "T1", "CT"], ["background", "Spleen", "kidney"], starts: starts);
        Dictionary<string, float[]> initial = Initial(["MR", "T1", "CT"], ["background", "Spleen", "kidney"]);
        Dictionary<string, float[]> weights = transfer.Weights.ToDictionary(array => array.Name, Values);
        Assert.That(weights["enc2_1.kernel"], Is.EqualTo(theirs["enc2_1.kernel"]));
        float[] gamma = theirs["enc1_2.norm.running_mean"];
        int channels = gamma.Length / 2;
        float[] ofCt = gamma[..channels],
            ofMr = gamma[channels..];
        Assert.That(weights["enc1_2.norm.running_mean"], Is.EqualTo((float[])[.. ofMr, .. ofMr, .. ofCt]));

        float[] logits = weights["logits.kernel"],
            before = theirs["logits.kernel"],
            own = initial["logits.kernel"];
        for (int input = 0; input < logits.Length / 3; input++)
            Assert.That(
                logits[(3 * input)..(3 * (input + 1))],
                Is.EqualTo(new[] { before[3 * input], before[(3 * input) + 2], own[(3 * input) + 2] })
            );
        InitialWeights report = transfer.Report;
        Assert.That(report.Adapted["logits.bias"], Is.EqualTo("classes: background, Spleen taken; kidney new"));
        Assert.That(report.Adapted["enc1_2.norm.gamma"], Is.EqualTo("modalities: MR from MR, T1 from MR, CT from CT"));
        Assert.That(
            report.Modalities,
            Is.EqualTo(
                new Dictionary<string, string>
                {
                    ["MR"] = "MR",
                    ["T1"] = "MR",
                    ["CT"] = "CT",
                }
            )
        );
        Assert.That(report.Taken.Concat(report.Adapted.Keys), Is.EquivalentTo(weights.Keys));
    }

    [Test]
    public void A_new_modality_begins_with_the_first_where_nobody_chooses()
    {
        (TransferSource source, _) = Source("first", ["CT", "MR"], ["background", "liver"]);
        Assert.That(Transfer(source, ["T1", "MR"], ["background", "liver"]).Report.Modalities["T1"], Is.EqualTo("CT"));
    }

    [Test]
    public void Channels_are_taken_by_name()
    {
        (TransferSource source, Dictionary<string, float[]> theirs) = Source(
            "channels",
            ["head"],
            ["background", "lesion"],
            ["T1", "T2", "FLAIR"]
        );
        WeightTransfer transfer = Transfer(source, ["head"], ["background", "lesion"], channels: ["FLAIR", "PD"]);
        float[] own = Initial(["head"], ["background", "lesion"], ["FLAIR", "PD"])["enc1_1.kernel"],
            weights = Values(transfer.Weights.Single(array => array.Name == "enc1_1.kernel")),
            before = theirs["enc1_1.kernel"];
        const int features = 2;
        for (int tap = 0; tap < 27; tap++)
        {
            for (int f = 0; f < features; f++)
            {
                Assert.That(weights[(((tap * 2) + 0) * features) + f], Is.EqualTo(before[(((tap * 3) + 2) * features) + f]));
                Assert.That(weights[(((tap * 2) + 1) * features) + f], Is.EqualTo(own[(((tap * 2) + 1) * features) + f]));
            }
        }

        Assert.That(transfer.Report.Adapted["enc1_1.kernel"], Is.EqualTo("channels: FLAIR taken; PD new"));
    }

    /// <summary>Kernels for all become one for each modality, and the other way round.</summary>
    [Test]
    public void What_modalities_share_may_be_another()
    {
        (TransferSource shared, Dictionary<string, float[]> theirs) = Source("shared", ["CT", "MR"], ["background", "liver"]);
        WeightTransfer own = Transfer(shared, ["MR", "CT"], ["background", "liver"], sets: "scheme=individual");
        Dictionary<string, float[]> weights = own.Weights.ToDictionary(array => array.Name, Values);
        Assert.That(weights["dec1_1.m0.kernel"], Is.EqualTo(theirs["dec1_1.kernel"]));
        Assert.That(weights["dec1_1.m1.kernel"], Is.EqualTo(theirs["dec1_1.kernel"]));
        Assert.That(own.Report.Initial, Is.Empty);

        (TransferSource each, Dictionary<string, float[]> copies) = Source(
            "each",
            ["CT", "MR"],
            ["background", "liver"],
            sets: "scheme=individual"
        );
        WeightTransfer joined = Transfer(each, ["MR", "CT"], ["background", "liver"]);
        Assert.That(Values(joined.Weights.Single(a => a.Name == "dec1_1.kernel")), Is.EqualTo(copies["dec1_1.m1.kernel"]));
        Assert.That(joined.Report.Unused, Does.Contain("dec1_1.m0.kernel"));
    }

    /// <summary>The 2D network has 512 channels for each class before its read-out.</summary>
    [Test]
    public void What_follows_from_the_number_of_classes_keeps_its_initial_values()
    {
        (TransferSource source, _) = Source("dilated", ["CT", "MR"], ["background", "liver"], sets: "network.name=dilated2d");
        WeightTransfer transfer = Transfer(
            source,
            ["CT", "MR"],
            ["background", "liver", "spleen"],
            sets: "network.name=dilated2d"
        );
        Assert.That(transfer.Report.Initial.Keys, Does.Contain("g10.conv.kernel").And.Contain("out.conv.kernel"));
        Assert.That(transfer.Report.Initial.Values, Has.All.Contains("number of classes"));
        Assert.That(transfer.Report.Taken, Does.Contain("g9.conv2.kernel"));
    }

    [Test]
    public void A_file_without_names_is_taken_by_shape()
    {
        (TransferSource named, Dictionary<string, float[]> theirs) = Source("file", ["CT", "MR"], ["background", "liver"]);
        string file = Path.Combine(folder, "alone.safetensors");
        File.Copy(named.File, file);
        TransferSource source = TransferSource.Open(file, _ => { });
        Assert.That(source.Names, Is.Null);
        Assert.That(Transfer(source, ["A", "B"], ["background", "x"]).Report.Taken, Has.Count.EqualTo(theirs.Count));
        InitialWeights report = Transfer(source, ["A", "B"], ["background", "x", "y"]).Report;
        Assert.That(report.Initial.Keys, Is.EquivalentTo(new[] { "logits.kernel", "logits.bias" }));
        Assert.That(
            () => Transfer(source, ["A", "B"], ["background", "x"], starts: new() { ["A"] = "CT" }),
            Throws.TypeOf<UsageException>().With.Message.Contains("does not say which modalities")
        );
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        (TransferSource source, _) = Source("bad", ["CT", "MR"], ["background", "liver"]);
        Assert.That(
            () => Transfer(source, ["CT"], ["background", "liver"], sets: "network.channels=4"),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains("'enc1_1.kernel' is (3, 3, 3, 1, 2)")
                .And.Message.Contains("network.*")
        );
        Assert.That(
            () => Transfer(source, ["CT"], ["background", "liver"], sets: "network.name=dilated2d"),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("nothing of it fits")
        );
        Assert.That(
            () => Transfer(source, ["CT"], ["background", "liver"], starts: new() { ["CT"] = "PET" }),
            Throws.TypeOf<UsageException>().With.Message.Contains("--init-modality CT=PET").And.Message.Contains("knows CT, MR")
        );
        Assert.That(
            () => Transfer(source, ["CT"], ["background", "liver"], starts: new() { ["PET"] = "CT" }),
            Throws.TypeOf<UsageException>().With.Message.Contains("'PET': the data have CT")
        );
    }

    private WeightTransfer Transfer(
        TransferSource source,
        string[] modalities,
        string[] classes,
        string[]? channels = null,
        Dictionary<string, string>? starts = null,
        params string[] sets
    )
    {
        (VolumeMethod method, ModelDescription model) = Method(modalities, classes, channels, seed: 1, sets);
        using VolumeMethod owned = method;
        return new WeightTransfer(method, LearntNames.Of(model), source, starts ?? NoStarts);
    }

    private Dictionary<string, float[]> Initial(string[] modalities, string[] classes, string[]? channels = null)
    {
        (VolumeMethod method, _) = Method(modalities, classes, channels, seed: 1, []);
        using VolumeMethod owned = method;
        return method.Network.Parameters.All.ToDictionary(p => p.Name, p => p.Value.ToArray<float>());
    }

    /// <summary>A run's weights, no two of which are the same.</summary>
    private (TransferSource Source, Dictionary<string, float[]> Weights) Source(
        string name,
        string[] modalities,
        string[] classes,
        string[]? channels = null,
        params string[] sets
    )
    {
        (VolumeMethod method, ModelDescription model) = Method(modalities, classes, channels, seed: 2, sets);
        using VolumeMethod owned = method;
        float next = 0;
        foreach (Parameter parameter in method.Network.Parameters.All)
            parameter.Value.Load<float>([.. Enumerable.Range(0, (int)parameter.Value.Count).Select(_ => next += 0.25f)]);
        string run = Path.Combine(folder, name);
        Directory.CreateDirectory(run);
        model.Write(run);
        new CheckpointStore(Path.Combine(run, "checkpoints")).Save(3, TrainingCheckpoint.Contents(method, new TrainingState(3)));
        string file = Path.Combine(run, "checkpoints", "step-00000003", "weights.safetensors");
        return (
            TransferSource.Open(file, _ => { }),
            method.Network.Parameters.All.ToDictionary(p => p.Name, p => p.Value.ToArray<float>())
        );
    }

    private (VolumeMethod Method, ModelDescription Model) Method(
        string[] modalities,
        string[] classes,
        string[]? channels,
        int seed,
        string[] sets
    )
    {
        TrainingConfig config = ConfigLoader.Load(
            sets: ["network.name=unet3d", "network.channels=2", $"training.seed={seed}", .. sets]
        );
        var model = new ModelDescription(
            modalities,
            classes,
            [.. Enumerable.Repeat("zscore", modalities.Length * (channels?.Length ?? 1))],
            Size: 16,
            Slices: 1,
            Depth: 8,
            Channels: channels?.Select((channel, number) => new Channel(number, channel)).ToArray()
        )
        {
            Network = config.Definition.NetworkOf(config),
        };
        return (config.Definition.Create(backend, config, model), model);
    }

    private static float[] Values(NamedArray array) => MemoryMarshal.Cast<byte, float>(array.Bytes.Span).ToArray();
}
