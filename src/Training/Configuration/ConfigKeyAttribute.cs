namespace UnpairedSegEngine.Training.Configuration;

/// <summary>
/// What a configuration key means and which values it takes: the one source of checks, messages and the table of keys.
/// </summary>
/// <param name="meaning">One line with the unit.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ConfigKeyAttribute(string meaning) : Attribute
{
    /// <summary>One line with the unit.</summary>
    public string Meaning { get; } = meaning;

    /// <summary>How a value that is neither number nor name is written: "sizes such as 3x3x3".</summary>
    public string? Form { get; init; }

    /// <summary>Smallest number allowed.</summary>
    public double Minimum { get; init; } = double.NegativeInfinity;

    /// <summary>Largest number allowed.</summary>
    public double Maximum { get; init; } = double.PositiveInfinity;

    /// <summary>Whether <see cref="Minimum"/> itself is refused.</summary>
    public bool AboveMinimum { get; init; }

    /// <summary>What runs did before there was the key, where the default is another; null where it is the default.</summary>
    public string? Earlier { get; init; }

    /// <summary>Whether results do not depend on it: a place, where something else says what must be there.</summary>
    public bool IsFree { get; init; }
}
