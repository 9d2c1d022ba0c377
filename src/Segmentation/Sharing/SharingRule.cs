using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Sharing;

/// <summary>
/// What the modalities share while they are trained: the rows of the tables of Dou et al. 2020, arXiv:2001.03111. Networks, data,
/// trainer and optimizer are the same for all.
/// </summary>
public abstract class SharingRule
{
    /// <summary>All of them, in the order of tables.</summary>
    public static IReadOnlyDictionary<SharingName, SharingRule> All { get; } =
        new SortedDictionary<SharingName, SharingRule>
        {
            [SharingName.Individual] = new IndividualSharing(),
            [SharingName.Joint] = new JointSharing(),
            [SharingName.JointNorm] = new JointNormSharing(),
            [SharingName.YShape] = new YShapeSharing(),
            [SharingName.XShape] = new XShapeSharing(),
            [SharingName.Conditioned] = new ConditionedSharing(),
        };

    /// <summary>Whether layers with shared kernels share their normalization, too.</summary>
    protected virtual bool SharesNormalization => false;

    /// <summary>Whether nothing is shared, so that each modality's samples go through a network of their own.</summary>
    public virtual bool SeparatesModalities => false;

    /// <summary>Whether the read-out is made of a vector of modality and class.</summary>
    internal virtual bool ConditionsReadout => false;

    /// <summary>Which parameters a network's layers have in common.</summary>
    /// <param name="modalities">How many there are.</param>
    /// <param name="sharesNormalization">Overrules whether layers with shared kernels share their normalization, if
    /// given.</param>
    public ParameterSharing Of(int modalities, bool? sharesNormalization = null) =>
        new(modalities, layer => IsSpecific(layer.Split('.', '_')[0]), sharesNormalization ?? SharesNormalization);

    /// <summary>Whether each modality has layers of its own at a stage, such as "g3" or "enc1".</summary>
    protected abstract bool IsSpecific(string stage);
}
