using System.Text.Json;
using System.Text.Json.Serialization;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Experiments;

/// <summary>Which cases an experiment is judged on.</summary>
public enum JudgedCases
{
    /// <summary>The labelled cases of imagesTs.</summary>
    Test,

    /// <summary>Each fold's validation cases.</summary>
    Validation,
}

/// <summary>
/// The jobs of an experiment: every variant with every seed on every fold, each independent of the others; before them, where
/// asked for, the runs that find each variant's learning rate. Its folder holds plan.json, config.yaml (what all jobs have in
/// common), splits_final.json, runs/ and the report. plan.json is written last: a folder without it holds no experiment.
/// </summary>
public sealed class ExperimentPlan
{
    private const string PlanName = "plan.json";
    private const string ConfigName = "config.yaml";
    private const long MostBytes = 1 << 20;
    private const int MostFolds = 1000;
    private const int MostSeeds = 10_000;
    private const int MostRates = 100;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly RateSearch rateSearch;

    private ExperimentPlan(string folder, Stored stored, TrainingConfig config)
    {
        (Folder, Data, Judged, Config) = (folder, stored.Data, Enum.Parse<JudgedCases>(stored.Judged), config);
        Rates = stored.Rates ?? [];
        rateSearch = new RateSearch(this);
        MethodVariant[] variants = [.. stored.Variants.Select(name => VariantName.Parse(config, name))];
        Jobs =
        [
            .. from variant in variants
            from rate in Rates
            select new ExperimentJob(variant, stored.Seeds.Max() + 1, Fold: 0) { Rate = rate },
            .. from fold in Enumerable.Range(0, stored.Folds)
            from seed in stored.Seeds
            from variant in variants
            select new ExperimentJob(variant, seed, fold),
        ];
    }

    /// <summary>The experiment's folder.</summary>
    public string Folder { get; }

    /// <summary>The dataset's folder.</summary>
    public string Data { get; }

    public JudgedCases Judged { get; }

    /// <summary>What all jobs have in common.</summary>
    public TrainingConfig Config { get; }

    /// <summary>In the order in which they are run: all variants of a seed before the next seed.</summary>
    public IReadOnlyList<ExperimentJob> Jobs { get; }

    /// <summary>Those whose scores are compared: all but the search for learning rates.</summary>
    public IEnumerable<ExperimentJob> JudgedJobs => Jobs.Where(job => job.Rate is null);

    /// <summary>Learning rates that every variant is tried with; none where nothing is searched.</summary>
    public IReadOnlyList<double> Rates { get; }

    public IReadOnlyList<string> Variants => [.. Jobs.Select(job => job.Variant.Name).Distinct()];

    public string SplitsPath => Path.Combine(Folder, SplitFile.FileName);

    /// <summary>Whether a folder holds an experiment.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, PlanName));

    /// <summary>Plans an experiment and writes it down.</summary>
    /// <param name="folder">Absent or empty, or without a plan yet.</param>
    /// <param name="data">What is trained on.</param>
    /// <param name="config">What all jobs have in common.</param>
    /// <param name="variants">Names of the variants.</param>
    /// <param name="seeds">Which seeds.</param>
    /// <param name="folds">How many folds.</param>
    /// <param name="judged">Cases to judge on; as the data has it (<see cref="ExperimentData.Judged"/>) if null.</param>
    /// <param name="rates">Learning rates of which each variant takes its best; empty for no search.</param>
    /// <exception cref="UsageException">Nothing to run, something twice, not so many folds, or a search that cannot
    /// be.</exception>
    /// <exception cref="InvalidDataException">The folder holds something else, or there is nothing to judge on.</exception>
    public static ExperimentPlan Create(
        string folder,
        ExperimentData data,
        TrainingConfig config,
        IReadOnlyList<string> variants,
        IReadOnlyList<long> seeds,
        int folds,
        JudgedCases? judged,
        params IReadOnlyList<double> rates
    )
    {
        if ((Problem(variants, seeds, folds) ?? Problem(rates)) is { } problem)
            throw new UsageException(problem);
        if (rates.Count > 0)
            RequireSearchable(config, variants);
        if (
            Directory.Exists(folder)
            && !Exists(folder)
            && Directory.EnumerateFileSystemEntries(folder).Any(entry => !IsLeftover(entry))
        )
            throw new InvalidDataException($"'{folder}': exists and holds no experiment; choose another --out");

        var stored = new Stored(
            Path.GetFullPath(data.Folder),
            variants,
            seeds,
            folds,
            (judged ?? data.Judged(folds)).ToString(),
            rates.Count > 0 ? rates : null
        );
        var plan = new ExperimentPlan(folder, stored, config);
        foreach (ExperimentJob job in plan.Jobs)
            plan.ConfigOf(job);
        Directory.CreateDirectory(folder);
        data.Prepare(plan, folds);
        AtomicFile.WriteText(Path.Combine(folder, ConfigName), writer => ConfigFile.Write(writer, config));
        JsonFile.Write(Path.Combine(folder, PlanName), stored, Format);
        return plan;
    }

    /// <summary>Reads a plan that was made before.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is damaged.</exception>
    public static ExperimentPlan Open(string folder)
    {
        string path = Path.Combine(folder, PlanName);
        if (!File.Exists(path))
            throw new InvalidDataException(
                $"'{folder}': holds no experiment ({PlanName}); plan one with: unpairedseg experiment plan --data DIR "
                    + $"--out {folder}"
            );
        Stored stored = JsonFile.Read<Stored>(path, Format, MostBytes);
        if (stored.Problem() is { } problem)
            throw new InvalidDataException($"'{path}': no plan of an experiment: {OneLine.Of(problem)}");
        TrainingConfig config = ConfigLoader.LoadRecorded(Path.Combine(folder, ConfigName));
        try
        {
            return new ExperimentPlan(folder, stored, config);
        }
        catch (UsageException unknown)
        {
            throw new InvalidDataException($"'{path}': no plan of an experiment: {OneLine.Of(unknown.Message)}");
        }
    }

    /// <summary>The run folder of a job.</summary>
    public string RunPath(ExperimentJob job) => RunPath(job.Name);

    /// <summary>What a job trains.</summary>
    /// <exception cref="UsageException">A variant and the common settings contradict each other.</exception>
    public TrainingConfig ConfigOf(ExperimentJob job) => job.ConfigOf(Config, RunPath, job.Rate ?? rateSearch.Best(job.Variant));

    /// <summary>The jobs that must be finished before another.</summary>
    public IEnumerable<ExperimentJob> NeededBy(ExperimentJob job) =>
        Jobs.Where(other =>
            job.Needs.Contains(other.Name) || (job.Rate is null && other.Rate is not null && other.Variant == job.Variant)
        );

    /// <summary>What was searched before the judged runs; null where nothing was.</summary>
    internal ReportSection? RateSection() => rateSearch.Section();

    private static void RequireSearchable(TrainingConfig config, IReadOnlyList<string> variants)
    {
        if (config.Method.Task != TrainingTask.Volumes)
            throw new UsageException("--search-rate is for volumes; set optimizer.learning_rate");
        if (config.Training.ValidateEvery == 0)
            throw new UsageException("--search-rate chooses by validations; set training.validate_every");
        if (variants.FirstOrDefault(name => VariantName.Parse(config, name).Needs.Count > 0) is { } needy)
            throw new UsageException($"--search-rate: {needy} learns from another variant's run; set optimizer.learning_rate");
    }

    /// <summary>Why there can be no such search; null where there can.</summary>
    private static string? Problem(IReadOnlyList<double> rates) =>
        rates.Count is 1 or > MostRates ? $"{rates.Count} learning rates to search, expected 2 to {MostRates}"
        : !rates.All(rate => rate > 0 && double.IsFinite(rate)) ? "a learning rate is not above 0"
        : rates.Distinct().Count() < rates.Count ? "a learning rate is named twice"
        : null;

    /// <summary>The variants of a configuration's method for its task.</summary>
    public static IReadOnlyList<MethodVariant> VariantsOf(TrainingConfig config) =>
        config.Definition.VariantsFor(config.Method.Task);

    private string RunPath(string job) => Path.Combine(Path.GetFullPath(Folder), "runs", job);

    /// <summary>What a process leaves that ends while it plans.</summary>
    private static bool IsLeftover(string entry) =>
        Path.GetFileName(entry) is var name
        && (name is ConfigName or SplitFile.FileName || name.StartsWith(AtomicFile.TemporaryPrefix, StringComparison.Ordinal));

    /// <summary>Why there can be no such experiment; null where there can.</summary>
    private static string? Problem<T>(IReadOnlyList<T> variants, IReadOnlyList<long> seeds, int folds)
    {
        if (variants.Count == 0 || seeds.Count == 0 || folds < 1)
            return "an experiment needs at least one variant, one seed and one fold";
        if (folds > MostFolds || seeds.Count > MostSeeds)
            return $"{folds} folds and {seeds.Count} seeds; at most {MostFolds} and {MostSeeds} are possible";
        return variants.Distinct().Count() < variants.Count || seeds.Distinct().Count() < seeds.Count
            ? "a variant or a seed is named twice"
            : null;
    }

    /// <summary>The file, which keeps its first version's name of the variants.</summary>
    private sealed record Stored(
        string Data,
        [property: JsonPropertyName("schemes")] IReadOnlyList<string> Variants,
        IReadOnlyList<long> Seeds,
        int Folds,
        string Judged,
        IReadOnlyList<double>? Rates = null
    )
    {
        /// <summary>What is wrong with a plan that somebody else wrote; null where nothing is.</summary>
        public string? Problem()
        {
            if (string.IsNullOrEmpty(Data))
                return "data is missing";
            if (Variants is null || Seeds is null)
                return "schemes or seeds is missing";
            if (!Enum.GetNames<JudgedCases>().Contains(Judged))
                return $"judged is '{Judged}', expected {string.Join(" or ", Enum.GetNames<JudgedCases>())}";
            return Variants.Contains(null)
                ? "schemes holds null"
                : ExperimentPlan.Problem(Variants, Seeds, Folds) ?? ExperimentPlan.Problem(Rates ?? []);
        }
    }
}
