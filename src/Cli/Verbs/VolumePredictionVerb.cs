using CommandLine;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Averaging over transformed inputs.</summary>
internal enum TestTimeAugmentation
{
    None,
    Mirror,
}

/// <summary>A verb that predicts whole volumes: how blocks become volumes, and what is done to the result.</summary>
internal abstract class VolumePredictionVerb : DeviceVerb
{
    private const string AllOrgans = "all";

    [Option("last", HelpText = "The newest weights instead of those with the best validation.")]
    public bool Last { get; init; }

    [Option("overlap", Default = 0.5, HelpText = "Share of a block that its neighbour covers, too (unet3d): from 0 to below 1.")]
    public double Overlap { get; init; }

    [Option("blend", Default = BlockBlending.Gaussian, HelpText = "How overlapping blocks become one (unet3d): gaussian, uniform or nearest.")]
    public BlockBlending Blend { get; init; }

    [Option("tta", Default = TestTimeAugmentation.None, HelpText = "Test-time augmentation: mirror averages with the prediction of the image mirrored left and right; for runs trained with augmentation.flip.")]
    public TestTimeAugmentation Tta { get; init; }

    [Option("largest-component", Separator = ',', HelpText = "Organs of which only the largest connected part is kept, or all.")]
    public IEnumerable<string> LargestComponent { get; init; } = [];

    [Option("threads", Default = 0, HelpText = "Threads; 0 for all cores.")]
    public int Threads { get; init; }

    protected PredictionSettings Prediction => new PredictionSettings(Overlap, Blend, Mirror: Tta == TestTimeAugmentation.Mirror).Validate();

    protected TrainedModel OpenModel(string run, Backends.Backend backend)
    {
        TrainedModel model = TrainedModel.Open(run, backend, Last, Console.Error.WriteLine, Prediction);
        if (Tta == TestTimeAugmentation.Mirror && !(model.Run.Config.Augmentation is { Enabled: true, Flip: > 0 }))
            Console.Error.WriteLine("warning: the run was trained without mirroring (augmentation.flip is 0); --tta mirror may mix up left and right organs");
        return model;
    }

    /// <summary>Removes all but the largest part of the organs that were asked for.</summary>
    /// <exception cref="ArgumentException">The model knows no such organ.</exception>
    protected void KeepLargest(Volume<byte> labels, IReadOnlyList<string> classes)
    {
        foreach (int label in LargestComponent.Contains(AllOrgans) ? Enumerable.Range(1, classes.Count - 1) : LargestComponent.Select(name => LabelOf(name, classes)))
            Components.KeepLargest(labels, (byte)label);
    }

    private static int LabelOf(string name, IReadOnlyList<string> classes)
    {
        int label = classes.ToList().IndexOf(name);
        return label > 0 ? label : throw new ArgumentException($"--largest-component '{name}': the model knows {string.Join(", ", classes.Skip(1))}, or take all");
    }
}
