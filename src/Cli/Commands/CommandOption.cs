using System.Reflection;

namespace UnpairedSegEngine.Cli.Commands;

/// <summary>An option of a verb, or what stands behind the verb without a name.</summary>
/// <param name="Name">"--data"; without dashes where it has no name on the command line.</param>
/// <param name="Help">For a person.</param>
/// <param name="Property">Of the verb.</param>
/// <param name="IsRequired">Whether a command needs it.</param>
/// <param name="Default">What holds if it is not given; null where nothing does.</param>
internal sealed record CommandOption(string Name, string Help, PropertyInfo Property, bool IsRequired, string? Default)
{
    /// <summary>The enumeration that it takes a value of; null if it takes other texts.</summary>
    public Type? Enumeration =>
        (Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType) is { IsEnum: true } type ? type : null;

    /// <summary>Its values, as they are typed; empty where any text may be one.</summary>
    public IReadOnlyList<string> Choices =>
        Enumeration is { } type ? [.. Enum.GetNames(type).Select(name => name.ToLowerInvariant())] : [];

    /// <summary>Whether it stands alone.</summary>
    public bool IsSwitch => Property.PropertyType == typeof(bool);
}
