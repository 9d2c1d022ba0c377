using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Configuration;

/// <summary>Whose decisions count where paper and published code differ.</summary>
public enum Compatibility
{
    /// <summary>The paper's method.</summary>
    Default,

    /// <summary>What the published code does.</summary>
    Reference,
}

/// <summary>
/// Everything that decides what a training run computes. Its YAML form has snake_case keys in the same groups, without those of
/// another <see cref="TrainingTask"/>; those of <see cref="Own"/> stand beside them.
/// </summary>
public sealed record TrainingConfig : IConfiguration
{
    [ConfigKey("training method")]
    public MethodConfig Method { get; init; } = new();

    [ConfigKey("how volumes become samples")]
    public DataConfig Data { get; init; } = new();

    [ConfigKey("variation of samples")]
    public AugmentationConfig Augmentation { get; init; } = new();

    [ConfigKey("network")]
    public NetworkConfig Network { get; init; } = new();

    [ConfigKey("which images, and how samples are varied")]
    public ImagesConfig Images { get; init; } = new();

    [ConfigKey("network that classifies images")]
    public ClassifierConfig Classifier { get; init; } = new();

    [ConfigKey("loss terms")]
    public LossConfig Loss { get; init; } = new();

    [ConfigKey("optimizer and its schedule")]
    public OptimizerConfig Optimizer { get; init; } = new();

    [ConfigKey("length and rhythm of training")]
    public ScheduleConfig Training { get; init; } = new();

    [ConfigKey("whose decisions count where paper and published code differ")]
    public Compatibility Compat { get; init; } = Compatibility.Default;

    /// <summary>The method's own settings, of the type that its definition has.</summary>
    public object Own { get; init; } = new UmmkdConfig();

    /// <summary>The method.</summary>
    public MethodDefinition Definition => Method.Name.Definition;

    /// <summary>All keys of this configuration.</summary>
    public ConfigKeys Keys => Definition.KeysFor(Method.Task);

    object IConfiguration.Part(Type type) => type == typeof(TrainingConfig) ? this : Own;
}
