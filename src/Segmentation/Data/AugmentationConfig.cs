using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Where samples are varied. Values are the same but for rounding.</summary>
public enum AugmentationPlace
{
    /// <summary>On the device if it is a GPU; decided, and written down, when a run begins.</summary>
    Auto,

    /// <summary>By the threads that prepare batches.</summary>
    Host,

    /// <summary>As the first work of a step; blocks of slices are resampled by the host and only their intensities vary
    /// there.</summary>
    Device,
}

/// <summary>How strongly samples are varied; every amount is the largest one drawn and 0 switches that variation off.</summary>
public sealed record AugmentationConfig
{
    /// <summary>False leaves samples as they are, whatever the amounts say.</summary>
    [ConfigKey("vary samples at all")]
    public bool Enabled { get; init; } = true;

    /// <summary>Whether the threads that prepare batches vary samples, or the device does.</summary>
    [ConfigKey(
        "who varies samples: the threads that prepare batches, or the device as the first work of a step; auto: the device where "
            + "a new run begins on cuda or emulated, else the host"
    )]
    public AugmentationPlace Place { get; init; } = AugmentationPlace.Auto;

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

    /// <summary>Chance of mirroring rows, front and back of a patient, 0 to 1.</summary>
    [ConfigKey("chance of mirroring front and back: the rows of a slice", Minimum = 0, Maximum = 1)]
    public double FlipRows { get; init; }

    /// <summary>Chance of mirroring the order of slices, head and feet, 0 to 1; blocks of slices only.</summary>
    [ConfigKey("chance of mirroring head and feet: the order of slices (unet3d)", Minimum = 0, Maximum = 1)]
    public double FlipSlices { get; init; }

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

    /// <summary>Whether the device varies samples. Runs from before there was a choice have <see cref="AugmentationPlace.Auto"/>,
    /// and their host did.</summary>
    public bool IsOnDevice => Enabled && Place == AugmentationPlace.Device;

    /// <summary>The settings with which a new run begins on a device.</summary>
    /// <param name="isGpu">Whether it has work of its own while the host prepares batches.</param>
    public AugmentationConfig PlacedFor(bool isGpu) =>
        Place != AugmentationPlace.Auto ? this : this with { Place = isGpu ? AugmentationPlace.Device : AugmentationPlace.Host };
}
