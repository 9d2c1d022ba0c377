using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// How strongly training samples are varied. Every amount is the largest one drawn; zero switches that variation off.
/// The defaults suit torso and heart images; flips are off because left and right kidney would trade places.
/// </summary>
public sealed record AugmentationSettings
{
    /// <summary>Rotation in the slice plane, degrees either way.</summary>
    public float RotationDegrees { get; init; } = 15;

    /// <summary>Rotation of blocks out of the slice plane, about both of its axes, degrees either way.</summary>
    public float TiltDegrees { get; init; } = 5;

    /// <summary>Zoom: the size is multiplied by 1 / (1 + s) to 1 + s.</summary>
    public float Scaling { get; init; } = 0.15f;

    /// <summary>Shift along rows and columns, as a share of their length.</summary>
    public float Shift { get; init; } = 0.08f;

    /// <summary>Smooth deformation: standard deviation of the displacement at the control points, in pixels.</summary>
    public float ElasticPixels { get; init; }

    /// <summary>Control points of the deformation along each side.</summary>
    public int ElasticPoints { get; init; } = 5;

    /// <summary>Chance of mirroring left and right.</summary>
    public float FlipProbability { get; init; }

    /// <summary>Chance of mirroring front and back: rows.</summary>
    public float RowFlipProbability { get; init; }

    /// <summary>Chance of mirroring head and feet: slices of blocks.</summary>
    public float SliceFlipProbability { get; init; }

    /// <summary>Contrast: intensities are multiplied by 1 - g to 1 + g about their mean.</summary>
    public float Gain { get; init; } = 0.15f;

    /// <summary>Brightness: this many standard deviations of the sample are added or taken away.</summary>
    public float Offset { get; init; } = 0.15f;

    /// <summary>Gamma: intensities between the sample's extremes are raised to exp(-g) to exp(g).</summary>
    public float Gamma { get; init; } = 0.2f;

    /// <summary>Noise: its standard deviation is up to this share of the sample's.</summary>
    public float Noise { get; init; } = 0.05f;

    /// <summary>Samples as they are.</summary>
    public static AugmentationSettings None { get; } =
        new()
        {
            RotationDegrees = 0,
            TiltDegrees = 0,
            Scaling = 0,
            Shift = 0,
            Gain = 0,
            Offset = 0,
            Gamma = 0,
            Noise = 0,
        };

    /// <summary>-1 for a mirrored axis, else 1. What is never mirrored draws nothing: other draws stay what they were.</summary>
    internal static float DrawMirror(float probability, ref PhiloxStream stream) =>
        probability > 0 && stream.NextUniform() < probability ? -1 : 1;

    /// <summary>Refuses amounts that make no sense.</summary>
    /// <exception cref="ArgumentException">An amount is negative, not finite or too large; the message names it.</exception>
    public void Validate()
    {
        Check(RotationDegrees, 180, nameof(RotationDegrees));
        Check(TiltDegrees, 90, nameof(TiltDegrees));
        Check(Scaling, 1, nameof(Scaling));
        Check(Shift, 1, nameof(Shift));
        Check(ElasticPixels, 100, nameof(ElasticPixels));
        Check(ElasticPoints, 32, nameof(ElasticPoints));
        Check(FlipProbability, 1, nameof(FlipProbability));
        Check(RowFlipProbability, 1, nameof(RowFlipProbability));
        Check(SliceFlipProbability, 1, nameof(SliceFlipProbability));
        Check(Gain, 1, nameof(Gain));
        Check(Offset, 10, nameof(Offset));
        Check(Gamma, 2, nameof(Gamma));
        Check(Noise, 10, nameof(Noise));
    }

    private static void Check(float amount, float largest, string name)
    {
        if (!(amount >= 0 && amount <= largest))
            throw new ArgumentException(FormattableString.Invariant($"augmentation {name} is {amount}, expected 0 to {largest}"));
    }
}
