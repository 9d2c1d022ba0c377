namespace UnpairedSegEngine.Experiments;

/// <summary>Two variants that a report is to hold against each other.</summary>
/// <param name="First">Name of a variant; <see cref="AllVariants"/> for every other one.</param>
/// <param name="Second">What it is compared with.</param>
/// <param name="Gain">The difference in the main score that would matter, above 0: how many seeds find it is reported, too. Null
/// if nobody asks.</param>
public sealed record Comparison(string First, string Second, double? Gain = null)
{
    /// <summary>In the place of <see cref="First"/>: each variant of the experiment but <see cref="Second"/>.</summary>
    public const string AllVariants = "all";
}
