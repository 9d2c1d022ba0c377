using System.Diagnostics.CodeAnalysis;

namespace UnpairedSegEngine.Methods;

/// <summary>A folder; none where the text is empty.</summary>
public readonly record struct FolderName(string Text) : IParsable<FolderName>
{
    public static FolderName Parse(string s, IFormatProvider? provider) => new(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out FolderName result)
    {
        result = new FolderName(s ?? "");
        return s is not null;
    }

    public override string ToString() => Text;
}
