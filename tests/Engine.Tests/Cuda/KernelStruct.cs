using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>A field of a parameter block, at its place.</summary>
internal sealed record StructField(string Name, int Offset, int Bytes);

/// <summary>The structs of the kernels' headers, laid out by the rules of C on 64-bit machines.</summary>
internal sealed partial class KernelStruct
{
    private static readonly Dictionary<string, int> Scalars = new()
    {
        ["float"] = 4,
        ["int"] = 4,
        ["uint32_t"] = 4,
        ["long long"] = 8,
        ["double"] = 8,
        ["uint64_t"] = 8,
    };

    private readonly List<StructField> fields = [];
    private int alignment = 1;

    public IReadOnlyList<StructField> Fields => fields;

    /// <summary>With the padding at its end.</summary>
    public int Bytes { get; private set; }

    /// <summary>All structs of a source text by name; structs and constants must stand before their use.</summary>
    public static Dictionary<string, KernelStruct> Parse(string text)
    {
        text = Comment().Replace(text, string.Empty);
        var constants = Constant()
            .Matches(text)
            .ToDictionary(match => match.Groups[1].Value, match => int.Parse(match.Groups[2].ValueSpan));
        var structs = new Dictionary<string, KernelStruct>();
        foreach (Match match in Head().Matches(text))
        {
            var parsed = new KernelStruct();
            foreach (string member in Members(text, match.Index + match.Length))
                parsed.Add(member, structs, constants);
            parsed.Bytes = RoundUp(parsed.Bytes, parsed.alignment);
            structs.Add(match.Groups[1].Value, parsed);
        }

        return structs;
    }

    /// <summary>The declarations between the braces, without the bodies of functions.</summary>
    private static IEnumerable<string> Members(string text, int from)
    {
        int depth = 1;
        var member = new List<char>();
        for (int at = from; depth > 0; at++)
        {
            char c = text[at];
            depth +=
                c == '{' ? 1
                : c == '}' ? -1
                : 0;
            if (depth == 1 && c is ';' or '}')
            {
                string declaration = string.Concat(member).Trim();
                member.Clear();
                if (declaration.Length > 0 && !declaration.Contains('('))
                    yield return declaration;
            }
            else if (depth == 1)
            {
                member.Add(c);
            }
        }
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    private void Add(string member, Dictionary<string, KernelStruct> structs, Dictionary<string, int> constants)
    {
        Match match = Declaration().Match(member);
        if (!match.Success)
            throw new FormatException($"cannot read the member '{member}'");
        string type = match.Groups["type"].Value;
        (int bytes, int aligned) =
            match.Groups["pointer"].Success ? (8, 8)
            : Scalars.TryGetValue(type, out int scalar) ? (scalar, scalar)
            : (structs[type].Bytes, structs[type].alignment);
        string count = match.Groups["count"].Value;
        int elements =
            count.Length == 0 ? 1
            : int.TryParse(count, out int number) ? number
            : constants[count];
        alignment = Math.Max(alignment, aligned);
        foreach (string name in match.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries))
        {
            int offset = RoundUp(Bytes, aligned);
            fields.Add(new StructField(name, offset, bytes * elements));
            Bytes = offset + (bytes * elements);
        }
    }

    [GeneratedRegex("//[^\n]*|^#[^\n]*", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"constexpr int (\w+) = (\d+);")]
    private static partial Regex Constant();

    /// <summary>Templates are what kernels work with, never what they are given.</summary>
    [GeneratedRegex(@"(?<!template <[^>]*>\s*)\bstruct (\w+) \{")]
    private static partial Regex Head();

    [GeneratedRegex(@"^(?:const )?(?<type>long long|\w+)(?<pointer>\s*\*)?\s+(?<names>\w+(?:,\s*\w+)*)(?:\[(?<count>\w+)\])?$")]
    private static partial Regex Declaration();
}
