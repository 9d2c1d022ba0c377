namespace UnpairedSegEngine.Segmentation.Configuration;

/// <summary>How the modalities are trained together.</summary>
public enum SchemeName
{
    /// <summary>A network per modality.</summary>
    Individual,

    /// <summary>One network, normalization included.</summary>
    Joint,

    /// <summary>Shared kernels, own normalization, no distillation.</summary>
    JointNorm,

    /// <summary>Own early layers, the rest shared.</summary>
    YShape,

    /// <summary>Own early and late layers, shared in between.</summary>
    XShape,

    /// <summary>Shared kernels, own normalization, distillation (Dou et al. 2020, arXiv:2001.03111).</summary>
    Ummkd,
}

/// <summary>Whose decisions count where paper and published code differ.</summary>
public enum Compatibility
{
    /// <summary>The paper's method.</summary>
    Default,

    /// <summary>What the published code does.</summary>
    Reference,
}

/// <summary>
/// Everything that decides what a training run computes. Its YAML form has snake_case keys in the same groups; the
/// defaults are those of the paper's 2D experiments.
/// </summary>
public sealed record TrainingConfig
{
    [ConfigKey("how volumes become samples")]
    public DataConfig Data { get; init; } = new();

    [ConfigKey("variation of samples")]
    public AugmentationConfig Augmentation { get; init; } = new();

    [ConfigKey("network")]
    public NetworkConfig Network { get; init; } = new();

    [ConfigKey("how the modalities are trained together")]
    public SchemeName Scheme { get; init; } = SchemeName.Ummkd;

    [ConfigKey("loss terms")]
    public LossConfig Loss { get; init; } = new();

    [ConfigKey("optimizer and its schedule")]
    public OptimizerConfig Optimizer { get; init; } = new();

    [ConfigKey("length and rhythm of training")]
    public ScheduleConfig Training { get; init; } = new();

    [ConfigKey("whose decisions count where paper and published code differ")]
    public Compatibility Compat { get; init; } = Compatibility.Default;
}
