using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary>The method's own settings.</summary>
public sealed record UaganConfig
{
    [ConfigKey("translation between modalities, and the discriminator that judges it")]
    public UaganSettings Uagan { get; init; } = new();
}

/// <summary>
/// The weights of the losses beside the segmentation's, which is loss.ce_weight, and of the discriminator. The defaults are those
/// of the published run (uagan.sh).
/// </summary>
public sealed record UaganSettings
{
    [ConfigKey("weight of the background in the cross-entropy, whose other classes have the rest of 1", Minimum = 0, Maximum = 1)]
    public double BackgroundWeight { get; init; } = 0.02;

    [ConfigKey("weight of the classification of modalities, for discriminator and generator", Minimum = 0)]
    public double Classification { get; init; } = 1;

    [ConfigKey("weight of the gradient penalty", Minimum = 0)]
    public double Penalty { get; init; } = 10;

    [ConfigKey("weight of the distance between images and those translated there and back", Minimum = 0)]
    public double Cycle { get; init; } = 10;

    [ConfigKey("weight of the cross-entropy of translated images, once it is reached; 0 for none", Minimum = 0)]
    public double Shape { get; init; } = 100;

    [ConfigKey("share of the steps over which the weight of the shape loss grows from 0", Minimum = 0, Maximum = 1)]
    public double ShapeRamp { get; init; } = 0.6;

    [ConfigKey("share of the steps, at the end, over which the learning rates fall", Minimum = 0, Maximum = 1)]
    public double RateDecay { get; init; } = 0.4;

    [ConfigKey("learning rate that they fall to", Minimum = 0)]
    public double FinalRate { get; init; } = 1e-6;

    [ConfigKey("channels of the discriminator's first layer; they double with each", Minimum = 1, Maximum = 256)]
    public int DiscriminatorChannels { get; init; } = 64;

    [ConfigKey("layers of the discriminator, each of which halves the image", Minimum = 1, Maximum = 8)]
    public int DiscriminatorLayers { get; init; } = 6;
}
