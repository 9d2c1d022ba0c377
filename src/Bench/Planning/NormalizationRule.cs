using System.Globalization;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>
/// Intensities on a fixed scale, as those of CT, are treated alike in all volumes; others volume by volume. nnU-Net goes by the
/// channel's name; values that can only be Hounsfield numbers count here, too.
/// </summary>
internal static class NormalizationRule
{
    /// <summary>Lower ones are air; the lungs lie above.</summary>
    private const double Air = -700;

    /// <summary>Soft tissue and contrast agents: what is labelled in a CT lies around here, bone above.</summary>
    private const double LeastTissue = -950,
        MostTissue = 2000;

    /// <param name="intensities">Of a modality or channel.</param>
    /// <param name="reason">Why.</param>
    public static IntensityNormalization Of(IntensityFingerprint intensities, out string reason)
    {
        bool isNamed = IsCt(intensities.Name),
            isHounsfield = intensities.ImageLow is <= Air and >= -32768 && intensities.Median is >= LeastTissue and <= MostTissue;
        double low = Digits(intensities.Low),
            high = Digits(intensities.High);
        if ((isNamed || isHounsfield) && intensities.Deviation > 0 && low < high)
        {
            double deviation = intensities.Deviation;
            reason = Text(
                $"{(isHounsfield ? "values look like Hounsfield numbers" : "the name says CT")}, the same scale in all volumes: percentiles 0.5 and 99.5 of labelled voxels become their distance from the mean ({intensities.Mean:0.#}) in deviations ({deviation:0.#}) (nnU-Net's CT normalization)"
            );
            return IntensityNormalization.Window(
                low,
                high,
                Math.Round((low - intensities.Mean) / deviation, 3),
                Math.Round((high - intensities.Mean) / deviation, 3)
            );
        }

        reason = "no fixed scale: each volume by its own percentiles 0.5 and 99.5, then zero mean and unit variance";
        return IntensityNormalization.Default;
    }

    /// <summary>"CT", also as a word of a longer name.</summary>
    private static bool IsCt(string name) =>
        name.Split([' ', '_', '-', '.'], StringSplitOptions.RemoveEmptyEntries).Contains("ct", StringComparer.OrdinalIgnoreCase);

    /// <summary>Four significant ones: a window of -57.30000305 is nobody's.</summary>
    private static double Digits(double value) =>
        double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
