using System.Diagnostics.CodeAnalysis;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary>Stages of a network by name, such as "group2,group3"; at least one, each once.</summary>
/// <param name="Text">As written, separated by commas.</param>
public readonly record struct StageNames(string Text) : IParsable<StageNames>
{
    public IReadOnlyList<string> Names => Text.Split(',', StringSplitOptions.TrimEntries);

    public static StageNames Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out StageNames names)
            ? names
            : throw new FormatException($"'{s}' are no stages such as group2,group3");

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out StageNames result)
    {
        result = new StageNames(s ?? "");
        IReadOnlyList<string> names = result.Names;
        return names.All(name => name.Length > 0) && names.Distinct().Count() == names.Count;
    }

    public override string ToString() => Text;
}
