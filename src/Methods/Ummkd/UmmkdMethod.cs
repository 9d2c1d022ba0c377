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
    /// <summary>Records whose names begin so are class distributions: class_distribution/MODALITY/TRUE CLASS/CLASS.</summary>
    public const string DistributionPrefix = "class_distribution/";

    private readonly IReadOnlyList<string> modalities,
        classes;
    private readonly NetworkOptimizer optimizer;

    /// <param name="backend">Computes.</param>
    /// <param name="network">Is trained; disposed of with the method.</param>
    /// <param name="loss">Weights of the loss terms.</param>
    /// <param name="settings">The optimizer.</param>
    /// <param name="seed">Of the dropout masks.</param>
    /// <param name="modalities">Names, by modality index.</param>
    /// <param name="classes">Names, background first.</param>
    public UmmkdMethod(
        Backend backend,
        ISegmentationNetwork network,
        UmmkdLoss loss,
        OptimizerConfig settings,
        ulong seed,
        IReadOnlyList<string> modalities,
        IReadOnlyList<string> classes
    )
        : base(backend, network, seed)
    {
        (Loss, this.modalities, this.classes) = (loss, modalities, classes);
        optimizer = new NetworkOptimizer(backend, network.Parameters, settings, loss.Labels, modalities.Count);
        Optimizers = [optimizer.Module];
    }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    /// <summary>Weights of the loss terms.</summary>
    public UmmkdLoss Loss { get; }

    public override StepPlan Plan(long step, DeviceBatch batch) => new UmmkdPlan(this, step, batch);

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizer.Penalty())];

    internal LossReport Report(UmmkdLossTerms terms) =>
        new(
            terms.Total,
            [.. LabelLoss.Terms(terms.Labels, modalities), new LossTerm("kd", terms.Distillation.Loss, "distillation loss")]
        )
        {
            Details = () => Distributions(terms),
        };

    /// <summary>
    /// What the distillation compares: by modality and true class, the softened distribution of the batch's mean logits. Classes
    /// that the batch lacks are left out.
    /// </summary>
    private IEnumerable<KeyValuePair<string, double>> Distributions(UmmkdLossTerms terms) =>
        from m in Enumerable.Range(0, modalities.Count)
        from trueClass in Enumerable.Range(0, classes.Count)
        from c in Enumerable.Range(0, classes.Count)
        where terms.HasClass(m, trueClass)
        select new KeyValuePair<string, double>(
            $"{DistributionPrefix}{modalities[m]}/{classes[trueClass]}/{classes[c]}",
            terms.Distillation.Distributions[m][trueClass][c]
        );
}
