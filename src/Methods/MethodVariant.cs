namespace UnpairedSegEngine.Methods;

/// <summary>A way to train that experiments compare with others.</summary>
/// <param name="Name">As users write it, and in tables.</param>
/// <param name="Summary">One line for a person.</param>
/// <param name="Settings">What it sets, "key=value".</param>
public sealed record MethodVariant(string Name, string Summary, params IReadOnlyList<string> Settings)
{
    /// <summary>A variant that has to be trained before, on the same cases and seed; null if there is none.</summary>
    public string? Needs { get; init; }

    /// <summary>The key that is set to the run of the variant that it needs.</summary>
    public string? KeyOfNeeded { get; init; }
}
