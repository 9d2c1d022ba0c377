using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>The method's own settings.</summary>
public sealed record UmmkdConfig
{
    [ConfigKey("how the modalities are trained together")]
    public SchemeName Scheme { get; init; } = SchemeName.Ummkd;

    [ConfigKey("loss terms")]
    public UmmkdLossConfig Loss { get; init; } = new();
}

/// <summary>What the method adds to the loss on labels.</summary>
public sealed record UmmkdLossConfig
{
    [ConfigKey("knowledge distillation between the modalities")]
    public DistillationConfig Kd { get; init; } = new();

    [ConfigKey("contrast between class means of features and the other modality's prototypes")]
    public PrototypeConfig Prototypes { get; init; } = new();

    [ConfigKey(
        "coarser levels of the decoder that learn from labels, too, each with half the weight of the one above; 0 for none (unet3d)",
        Minimum = 0,
        Maximum = 8
    )]
    public int DeepSupervision { get; init; }
}
