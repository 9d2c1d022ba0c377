using System.Globalization;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>How progress figures read.</summary>
internal static class ProgressText
{
    public static string Loss(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>A loss's name. That of Dice is minus the (soft) Dice, which a name without the sign would promise to
    /// grow.</summary>
    public static string LossName(string name) => name.StartsWith("dice_", StringComparison.Ordinal) ? "-" + name : name;

    public static string Score(double value) =>
        double.IsNaN(value) ? "n/a" : value.ToString("0.000", CultureInfo.InvariantCulture);

    public static string Percent(double share) => (100 * share).ToString("0", CultureInfo.InvariantCulture) + " %";

    public static string Milliseconds(TimeSpan time) =>
        time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms";

    /// <summary>Whole seconds; days only where there are some.</summary>
    public static string Duration(TimeSpan time) =>
        time.ToString(time.TotalDays >= 1 ? @"d\.hh\:mm\:ss" : @"h\:mm\:ss", CultureInfo.InvariantCulture);

    /// <summary>The mean of the scores of structures that are there; NaN where none is.</summary>
    public static double Mean(IEnumerable<ItemScore> scores) =>
        scores.Select(score => score.Value).Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();
}
