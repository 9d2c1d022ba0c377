using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>How strongly samples are varied; every amount is the largest one drawn and 0 switches that variation off.</summary>
public sealed record AugmentationConfig
{
    /// <summary>False leaves samples as they are, whatever the amounts say.</summary>
    [ConfigKey("vary samples at all")]
    public bool Enabled { get; init; } = true;

    /// <summary>Rotation in the slice plane, degrees either way, 0 to 180.</summary>
    [ConfigKey("rotation in the slice plane, degrees either way", Minimum = 0, Maximum = 180)]
    public double RotationDegrees { get; init; } = 15;

    /// <summary>
    /// Rotation out of the slice plane about both of its axes, degrees either way, 0 to 90; blocks of slices only.
    /// </summary>
    [ConfigKey("rotation out of the slice plane, degrees either way (unet3d)", Minimum = 0, Maximum = 90)]
    public double TiltDegrees { get; init; } = 5;

    /// <summary>Zoom s, 0 to 1: sizes are multiplied by 1 / (1 + s) to 1 + s.</summary>
    [ConfigKey("zoom: size times 1/(1+s) to 1+s", Minimum = 0, Maximum = 1)]
    public double Scale { get; init; } = 0.15;

    /// <summary>Shift along rows and columns, as a share of their length, 0 to 1.</summary>
    [ConfigKey("shift, as a share of the side", Minimum = 0, Maximum = 1)]
    public double Shift { get; init; } = 0.08;

    /// <summary>Chance of mirroring left and right, 0 to 1; labels of paired organs change sides with it.</summary>
    [ConfigKey("chance of mirroring left and right; swaps left and right organs", Minimum = 0, Maximum = 1)]
    public double Flip { get; init; }

    /// <summary>Standard deviation of a smooth displacement at its control points, in pixels, 0 to 100.</summary>
    [ConfigKey("smooth deformation: standard deviation at its control points, pixels", Minimum = 0, Maximum = 100)]
    public double Elastic { get; init; }

    /// <summary>Contrast g, 0 to 1: intensities are multiplied by 1 - g to 1 + g about their mean.</summary>
    [ConfigKey("contrast: intensities times 1-g to 1+g", Minimum = 0, Maximum = 1)]
    public double Gain { get; init; } = 0.15;

    /// <summary>Brightness: up to this many standard deviations of the sample are added or taken away, 0 to 10.</summary>
    [ConfigKey("brightness: standard deviations added or taken away", Minimum = 0, Maximum = 10)]
    public double Offset { get; init; } = 0.15;

    /// <summary>Intensities between the sample's extremes are raised to exp(-g) to exp(g), g from 0 to 2.</summary>
    [ConfigKey("gamma: exponent exp(-g) to exp(g)", Minimum = 0, Maximum = 2)]
    public double Gamma { get; init; } = 0.2;

    /// <summary>Standard deviation of added noise, as a share of the sample's, 0 to 10.</summary>
    [ConfigKey("noise: standard deviation as a share of the sample's", Minimum = 0, Maximum = 10)]
    public double Noise { get; init; } = 0.05;
}
