using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Experiments;

/// <summary>
/// The name of a variant, to which settings may be added: "ummkd", "ummkd+loss.kd.temperature=1+loss.kd.weight=2". It stands in
/// tables and in the names of run folders.
/// </summary>
public static class VariantName
{
    private const char SettingMark = '+';
    private const string SignsOfSettings = "=._-() ";

    /// <summary>The variant of a configuration's method that a name means.</summary>
    /// <exception cref="UsageException">There is no such variant, or what is added is no setting of a variant.</exception>
    public static MethodVariant Parse(TrainingConfig config, string name)
    {
        string[] parts = name.Split(SettingMark);
        IReadOnlyList<MethodVariant> known = ExperimentPlan.VariantsOf(config);
        MethodVariant variant =
            known.FirstOrDefault(variant => variant.Name == parts[0].Replace('_', '-'))
            ?? throw new UsageException(
                $"variant '{parts[0]}' is not known; the method {config.Definition.Name} has "
                    + $"{string.Join(", ", known.Select(variant => variant.Name))}"
            );
        string[] settings = parts[1..];
        foreach (string setting in settings)
            Require(name, setting);
        return settings.Length == 0
            ? variant
            : variant with
            {
                Name = string.Join(SettingMark, [variant.Name, .. settings]),
                Summary = $"{variant.Summary}; {string.Join(", ", settings)}",
                Settings = [.. variant.Settings, .. settings],
            };
    }

    private static void Require(string name, string setting)
    {
        if (!setting.Contains('='))
            throw new UsageException($"variant '{name}': '{setting}' is no setting, expected VARIANT+key.path=value");
        if (!setting.All(sign => char.IsAsciiLetterOrDigit(sign) || SignsOfSettings.Contains(sign)))
            throw new UsageException(
                $"variant '{name}': a setting in a name has letters, digits and {SignsOfSettings.Trim()} only, since folders "
                    + "bear it; give what all variants have in common by --set"
            );
        if (setting.StartsWith(ExperimentJob.SeedKey + "=", StringComparison.Ordinal))
            throw new UsageException($"variant '{name}': all variants are trained with the same seeds; give --seeds");
    }
}
