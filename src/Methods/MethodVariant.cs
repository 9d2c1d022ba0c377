using UnpairedSegEngine.Methods.Configuration;

namespace UnpairedSegEngine.Methods;

/// <summary>A way to train that experiments compare with others.</summary>
/// <param name="Name">As users write it, and in tables.</param>
/// <param name="Summary">One line for a person.</param>
/// <param name="Settings">What it sets, "key=value".</param>
public sealed record MethodVariant(string Name, string Summary, params IReadOnlyList<string> Settings)
{
    /// <summary>The task that it is for; null for all of its method.</summary>
    public TrainingTask? Task { get; init; }

    /// <summary>Variants that have to be trained before, on the same cases and seed.</summary>
    public IReadOnlyList<NeededVariant> Needs { get; init; } = [];
}

/// <summary>A variant that another one looks at, such as its teacher.</summary>
/// <param name="Name">Of the variant.</param>
/// <param name="Key">The key that is set to its run.</param>
public sealed record NeededVariant(string Name, string Key);
