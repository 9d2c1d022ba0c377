using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// Unpaired multi-modal segmentation by knowledge distillation: one network, kernels shared, a normalization per modality, and a
/// loss that aligns the modalities' class distributions; also the schemes that it is compared with. Dou et al. 2020,
/// arXiv:2001.03111.
/// </summary>
public sealed class UmmkdMethod : VolumeMethod
{
    /// <summary>Records whose names begin so are norms of the gradients of the loss's terms for the logits.</summary>
    public const string GradientPrefix = "gradient_norm/";

    /// <summary>Records whose names begin so are class distributions: class_distribution/MODALITY/TRUE CLASS/CLASS.</summary>
    public const string DistributionPrefix = "class_distribution/";

    private readonly IReadOnlyList<string> classes;
    private readonly bool alternates;
    private readonly NetworkOptimizer optimizer;
    private readonly ScheduleConfig? schedule;

    /// <param name="backend">Computes.</param>
    /// <param name="network">Is trained; disposed of with the method.</param>
    /// <param name="loss">Weights of the loss terms.</param>
    /// <param name="settings">The optimizer.</param>
    /// <param name="seed">Of the dropout masks.</param>
    /// <param name="modalities">Names, by modality index.</param>
    /// <param name="classes">Names, background first.</param>
    /// <param name="schedule">How long training is, and when there are validations, at which gradients are measured, too; never if
    /// null.</param>
    /// <param name="scheme">What a step does beside the loss: whether modalities take turns, or styles are mixed; neither if not
    /// given.</param>
    public UmmkdMethod(
        Backend backend,
        ISegmentationNetwork network,
        UmmkdLoss loss,
        OptimizerConfig settings,
        ulong seed,
        IReadOnlyList<string> modalities,
        IReadOnlyList<string> classes,
        ScheduleConfig? schedule = null,
        Scheme? scheme = null
    )
        : base(backend, network, seed)
    {
        (Loss, Modalities, this.classes, this.schedule) = (loss, modalities, classes, schedule);
        (alternates, MixesStyles) = (scheme?.Alternates ?? false, scheme?.MixesStyles ?? false);
        if (!alternates && loss.Distillation.Memory is > 0 and var decay)
        {
            Means = new ClassMeans("class_means", decay, modalities.Count, classes.Count);
            State = [Means.State];
            if (loss.Distillation.Floor)
            {
                MeansOfHalves = new ClassMeans("class_means_of_halves", decay, 2 * modalities.Count, classes.Count);
                State = [Means.State, MeansOfHalves.State];
            }
        }

        List<ILossAddition> additions = [];
        if (loss.DeepLevels > 0)
            additions.Add(new DeepSupervision(network, loss.DeepLevels, loss.Labels, seed));
        if (loss.Prototypes is { } prototypes)
            additions.Add(new ClassPrototypes(network, prototypes, modalities.Count));
        Additions = additions;
        Modules = [.. base.Modules, .. additions.SelectMany(addition => addition.Modules)];
        State = [.. State, .. additions.SelectMany(addition => addition.State)];

        optimizer = new NetworkOptimizer(
            backend,
            [.. Modules.SelectMany(module => module.Parameters.Trainable)],
            settings,
            schedule ?? new ScheduleConfig(),
            loss.Labels,
            modalities.Count,
            name: "",
            place: 0
        );
        Optimizers = [optimizer.Module];
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    public override IReadOnlyList<HostNumbers> State { get; } = [];

    /// <summary>Weights of the loss terms.</summary>
    public UmmkdLoss Loss { get; }

    /// <summary>What joins the loss beside the terms on sums over the logits.</summary>
    internal IReadOnlyList<ILossAddition> Additions { get; }

    /// <summary>Whether samples get means and deviations of another modality's features.</summary>
    internal bool MixesStyles { get; }

    /// <summary>Names, by modality index.</summary>
    internal IReadOnlyList<string> Modalities { get; }

    /// <summary>What the distillation compares; null where it compares each batch on its own.</summary>
    internal ClassMeans? Means { get; }

    /// <summary>The same of the halves between which there is nothing to distil.</summary>
    internal ClassMeans? MeansOfHalves { get; }

    /// <summary>Whether the gradients of the terms are measured in some steps.</summary>
    internal bool MeasuresGradients => schedule is { ValidateEvery: > 0 };

    public override ISampleSource Extend(ISampleSource samples) =>
        Additions.Aggregate(samples, (extended, addition) => addition.Extend(extended));

    public override StepPlan Plan(long step, DeviceBatch batch) =>
        alternates ? new AlternatingPlan(this, step, batch) : new UmmkdPlan(this, step, batch);

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizer.Penalty())];

    /// <summary>Whether the gradients of the terms are measured in a step: where there is a validation to record them.</summary>
    internal bool MeasuresGradientsAt(long step) => schedule?.IsDue(schedule.ValidateEvery, step) == true;

    /// <param name="terms">Of a batch.</param>
    /// <param name="floor">The distillation within the modalities; null where none has two samples, or nobody asks.</param>
    /// <param name="added">What joins the loss beside them, and its terms.</param>
    internal LossReport Report(UmmkdLossTerms terms, double? floor, (double Total, IReadOnlyList<LossTerm> Terms) added) =>
        new(
            terms.Total + added.Total,
            [
                .. LabelLoss.Terms(terms.Labels, Modalities),
                new LossTerm("kd", terms.Distillation.Loss, "distillation loss"),
                .. floor is { } value
                    ? [new LossTerm("kd_floor", value, "distillation loss within modalities")]
                    : Array.Empty<LossTerm>(),
                .. added.Terms,
            ]
        )
        {
            Details = () => Distributions(terms),
        };

    /// <summary>
    /// What the distillation compares: by modality and true class, the softened distribution of the mean logits. Classes that
    /// the batch lacks are left out.
    /// </summary>
    private IEnumerable<KeyValuePair<string, double>> Distributions(UmmkdLossTerms terms) =>
        from m in Enumerable.Range(0, Modalities.Count)
        from trueClass in Enumerable.Range(0, classes.Count)
        from c in Enumerable.Range(0, classes.Count)
        where terms.HasClass(m, trueClass)
        select new KeyValuePair<string, double>(
            $"{DistributionPrefix}{Modalities[m]}/{classes[trueClass]}/{classes[c]}",
            terms.Distillation.Distributions[m][trueClass][c]
        );
}
