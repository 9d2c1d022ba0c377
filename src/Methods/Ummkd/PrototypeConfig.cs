using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>The contrast between class means of features and the prototypes of another modality.</summary>
public sealed record PrototypeConfig
{
    [ConfigKey("weight (scheme prototypes); 0 for none", Minimum = 0)]
    public double Weight { get; init; } = 0.1;

    [ConfigKey(
        "what cosines are divided by: the smaller, the more the nearest wrong class counts",
        Minimum = 0,
        AboveMinimum = true
    )]
    public double Temperature { get; init; } = 0.1;

    [ConfigKey(
        "decay of the prototypes, running means over batches; 0 for prototypes of each batch on its own",
        Minimum = 0,
        Maximum = 0.9999
    )]
    public double Memory { get; init; } = 0.9;
}
