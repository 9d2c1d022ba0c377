using System.Globalization;

namespace UnpairedSegEngine.Experiments;

/// <summary>How often organs were missed or hallucinated.</summary>
/// <param name="Missed">In the reference only.</param>
/// <param name="Hallucinated">In the prediction only.</param>
/// <param name="Present">In either or both.</param>
internal readonly record struct PresenceCounts(int Missed, int Hallucinated, int Present)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Missed} / {Hallucinated} of {Present}");
}
