using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>How strongly samples are varied; every amount is the largest one drawn and 0 switches that variation off.</summary>
public sealed record AugmentationConfig
{
    [ConfigKey("vary samples at all")]
    public bool Enabled { get; init; } = true;

    [ConfigKey("rotation in the slice plane, degrees either way", Minimum = 0, Maximum = 180)]
    public double RotationDegrees { get; init; } = 15;

    [ConfigKey("rotation out of the slice plane, degrees either way (unet3d)", Minimum = 0, Maximum = 90)]
    public double TiltDegrees { get; init; } = 5;

    [ConfigKey("zoom: size times 1/(1+s) to 1+s", Minimum = 0, Maximum = 1)]
    public double Scale { get; init; } = 0.15;

    [ConfigKey("shift, as a share of the side", Minimum = 0, Maximum = 1)]
    public double Shift { get; init; } = 0.08;

    [ConfigKey("chance of mirroring left and right; swaps left and right organs", Minimum = 0, Maximum = 1)]
    public double Flip { get; init; }

    [ConfigKey("smooth deformation: standard deviation at its control points, pixels", Minimum = 0, Maximum = 100)]
    public double Elastic { get; init; }

    [ConfigKey("contrast: intensities times 1-g to 1+g", Minimum = 0, Maximum = 1)]
    public double Gain { get; init; } = 0.15;

    [ConfigKey("brightness: standard deviations added or taken away", Minimum = 0, Maximum = 10)]
    public double Offset { get; init; } = 0.15;

    [ConfigKey("gamma: exponent exp(-g) to exp(g)", Minimum = 0, Maximum = 2)]
    public double Gamma { get; init; } = 0.2;

    [ConfigKey("noise: standard deviation as a share of the sample's", Minimum = 0, Maximum = 10)]
    public double Noise { get; init; } = 0.05;
}
