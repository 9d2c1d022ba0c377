using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>Which images of a dataset are learnt from, and how they are varied.</summary>
public sealed record ImagesConfig
{
    /// <summary>Training images, 0 for all: chosen by the seed; where images have one label, as many of each class as
    /// possible.</summary>
    [ConfigKey(
        "training images, chosen by the seed, as many of each class as possible where images have one label; 0 for all",
        Minimum = 0
    )]
    public int Limit { get; init; }

    /// <summary>Classes whose images are seen; empty for all. The network's classes are the dataset's in any case.</summary>
    [ConfigKey("classes whose images are seen in training and validation; empty for all", Form = "numbers such as 0,1,2")]
    public ClassList Classes { get; init; } = new("");

    /// <summary>Whether half of the samples are mirrored, left for right.</summary>
    [ConfigKey("mirror half of the samples, left for right")]
    public bool Flip { get; init; } = true;

    /// <summary>Pixels by which a sample is moved at most in each direction; black comes in from outside.</summary>
    [ConfigKey("pixels that samples are moved by at most, black coming in; 0 for none", Minimum = 0, Maximum = 64)]
    public int CropPadding { get; init; } = 4;

    /// <summary>Share of the training images that validates where the dataset has no test images, 0 to 0.9.</summary>
    [ConfigKey(
        "share of training images that is held out to validate, where the dataset has no test images",
        Minimum = 0,
        Maximum = 0.9
    )]
    public double ValidationShare { get; init; } = 0.1;
}
