using System.Globalization;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>
/// Chooses settings by a dataset's fingerprint and a budget of time and memory. Rules are nnU-Net's where it has them
/// (Isensee et al., Nature Methods 18, 2021, arXiv:1904.08128), on a processor's budget; docs/plan.md says which are ours and
/// what was measured.
/// </summary>
/// <param name="dataset">What is to be trained on.</param>
/// <param name="fingerprint">Of its training cases.</param>
/// <param name="budget">Of time and memory.</param>
/// <param name="clock">Measures steps.</param>
public sealed class Planner(SegmentationDataset dataset, DatasetFingerprint fingerprint, PlanBudget budget, StepClock clock)
{
    /// <summary>Fewer slices are no volume.</summary>
    private const int FewestSlices = 8;

    /// <summary>The rest is for the first reading, drawing samples, and validations.</summary>
    private const double ShareOfSteps = 0.8;

    /// <summary>Less waiting for other programs is not worth a word.</summary>
    private const double Busy = 0.05;

    private const int MostSteps = 250_000,
        Validations = 5,
        Saves = 15;

    private static readonly NetworkName[] Networks = [NetworkName.Unet3d, NetworkName.Dilated2d];

    /// <summary>What plans decide beside normalization: where a person says any of it, train makes no plan.</summary>
    private static readonly string[] Decided =
    [
        "data.",
        "augmentation.",
        "network.",
        "optimizer.",
        "training.steps",
        "training.batch",
    ];

    /// <summary>What is a matter of taste or of the data, and stands beside a plan.</summary>
    private static readonly string[] Free = ["data.limit.", "data.channels", "data.cache_megabytes", "augmentation.place"];

    private double? gflops;

    /// <summary>Steps that a budget should have room for: as both steps and the work of each should grow with it.</summary>
    private double WantedSteps => 3000 * Math.Sqrt(budget.Hours);

    private string Hours => Text($"{budget.Hours:0.####} {(budget.Hours == 1 ? "hour" : "hours")}");

    private double StepBudget => ShareOfSteps * budget.Hours * 3600;

    /// <summary>Whether a key is one that plans decide.</summary>
    public static bool Decides(string key) =>
        Decided.Any(start => key.StartsWith(start, StringComparison.Ordinal))
        && !Free.Any(start => key.StartsWith(start, StringComparison.Ordinal));

    /// <summary>The plan.</summary>
    /// <exception cref="UsageException">Nothing fits the budget, or it asks for a network that is not planned.</exception>
    public TrainingPlan Run()
    {
        if (budget.Network is { } asked && !Networks.Contains(asked))
            throw new UsageException(
                $"--network {Name(asked)}: plans are made for {string.Join(" and ", Networks.Select(Name))}"
            );
        double slices = fingerprint.Modalities.Min(modality => modality.Size[2]);
        NetworkName network = budget.Network ?? (slices >= FewestSlices ? NetworkName.Unet3d : NetworkName.Dilated2d);
        string why =
            budget.Network is not null ? "as asked for"
            : network == NetworkName.Unet3d ? Text($"volumes have {slices:0} slices in the middle, {FewestSlices} or more")
            : Text($"volumes have {slices:0} slices in the middle, too few for blocks");
        Candidate chosen = network switch
        {
            NetworkName.Unet3d => new BlockPlanner(fingerprint, ProblemOf, why).Choose(),
            NetworkName.Dilated2d => new SlicePlanner(fingerprint, ProblemOf, why).Choose(),
            _ => throw new InvalidOperationException($"no plan for {network}"),
        };
        return Finish(chosen);
    }

    /// <summary>
    /// What of the budget a candidate does not fit: the memory with its step or, where that counts, the time with as many
    /// steps as are wanted; null if it does.
    /// </summary>
    private string? ProblemOf(Candidate candidate, bool countsTime)
    {
        TrainingConfig config = candidate.Build();
        ModelDescription model = ModelDescriptions.Of(config, dataset);
        long memory = MemoryOf(config, model, candidate.CaseBytes).Total;
        if (budget.IsHost && memory > budget.Memory.Bytes)
            return $"{budget.Memory.Origin} is {StepMemory.Text(budget.Memory.Bytes)}";
        return !countsTime || MadeUpWork.StepFlops(config, model) / 1e9 / Rate() * WantedSteps <= StepBudget
            ? null
            : Text($"{Hours} are to hold {WantedSteps:0} steps");
    }

    private TrainingPlan Finish(Candidate chosen)
    {
        TrainingConfig config = chosen.Build();
        ModelDescription model = ModelDescriptions.Of(config, dataset);
        double gflop = MadeUpWork.StepFlops(config, model) / 1e9;
        StepTime time = budget.Gflops is { } given ? new StepTime(gflop / given) : clock(config, model);
        double seconds = time.Seconds / ShareOfSteps;
        int steps = Math.Clamp(Rounded(budget.Hours * 3600 / seconds), 1, MostSteps),
            validateEvery = Math.Max(1, steps / Validations),
            saveEvery = Math.Max(1, steps / Saves);
        string origin = budget.Gflops is { } rate
            ? Text($"computed from --gflops {rate:0.#}")
            : Text($"measured here by a few steps of this configuration on made-up images: {gflop / time.Seconds:0} GFLOP/s")
                + (time.Waited > Busy ? Text($", without the {100 * time.Waited:0} % of the time that other programs had") : "");
        Candidate whole = chosen with
        {
            Settings =
            [
                new("method.name", "ummkd", "the method for unpaired modalities, the default"),
                .. Normalizations(),
                .. chosen.Settings,
                new(
                    "training.steps",
                    Text($"{steps}"),
                    Text($"{Hours} over {seconds:0.###} s a step, {origin}; a fifth of it for samples and validations")
                        + (steps == MostSteps ? "; nnU-Net has no more (1000 epochs of 250)" : "")
                ),
                new(
                    "training.validate_every",
                    Text($"{validateEvery}"),
                    Text($"{Validations} validations; the best weights are kept")
                ),
                new("training.save_every", Text($"{saveEvery}"), "what an interruption without a checkpoint may cost"),
                new("training.log_every", Text($"{Math.Clamp(steps / 100, 1, 100)}"), "some hundred points of each curve"),
            ],
        };
        TrainingConfig result = whole.Build();
        var order = result.Keys.All.Index().ToDictionary(key => key.Item.Name, key => key.Index, StringComparer.Ordinal);
        StepMemory memory = MemoryOf(result, model, chosen.CaseBytes);
        return new TrainingPlan(
            fingerprint,
            [.. whole.Settings.OrderBy(setting => order[result.Keys.Resolve(setting.Key)!.Value.Key.Name])],
            result,
            memory,
            gflop,
            seconds,
            origin
        );
    }

    private IEnumerable<PlannedSetting> Normalizations() =>
        fingerprint.Intensities.Select(intensities => new PlannedSetting(
            $"data.normalization.{intensities.Name}",
            NormalizationRule.Of(intensities, out string reason).ToString(),
            reason
        ));

    private static StepMemory MemoryOf(TrainingConfig config, ModelDescription model, long caseBytes) =>
        StepMemory.Of(
            backend => config.Definition.Create(backend, config, model),
            MadeUpData.Samples(config, model),
            config,
            caseBytes
        );

    /// <summary>
    /// By a small network of the kind that is planned for an hour of two cores; the rates of others are near it.
    /// </summary>
    private double Rate()
    {
        if (gflops is null)
        {
            TrainingConfig probe = Candidate.Probe(budget.Network ?? NetworkName.Unet3d);
            ModelDescription model = ModelDescriptions.Of(probe, dataset);
            gflops = budget.Gflops ?? MadeUpWork.StepFlops(probe, model) / 1e9 / clock(probe, model).Seconds;
        }

        return gflops.Value;
    }

    /// <summary>To two digits, down.</summary>
    private static int Rounded(double number)
    {
        double unit = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(Math.Max(1, number))) - 1));
        return (int)Math.Min(int.MaxValue, Math.Floor(number / unit) * unit);
    }

    private static string Name(NetworkName network) => Training.Configuration.SnakeCase.From(network.ToString());

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
