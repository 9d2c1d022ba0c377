using System.Diagnostics.CodeAnalysis;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Configuration;

/// <summary>Which method.</summary>
public sealed record MethodConfig
{
    [ConfigKey("training method: what is trained, and by which losses", Form = "ummkd or another that 'config --methods' lists")]
    public MethodName Name { get; init; } = new("ummkd");

    [ConfigKey("what is learnt: to segment volumes, or to classify images; the method's first if not given")]
    public TrainingTask Task { get; init; } = TrainingTask.Volumes;
}

/// <summary>The name of a method of <see cref="MethodDefinition.All"/>.</summary>
/// <param name="Text">As users write it.</param>
public readonly record struct MethodName(string Text) : IParsable<MethodName>
{
    public MethodDefinition Definition => MethodDefinition.All[Text];

    public static MethodName Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out MethodName name) ? name : throw new FormatException($"'{s}' is no method");

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out MethodName result)
    {
        result = new MethodName(s?.Replace('_', '-') ?? "");
        return MethodDefinition.All.ContainsKey(result.Text);
    }

    public override string ToString() => Text;
}
