using System.Globalization;
using System.Reflection;
using CommandLine;
using UnpairedSegEngine.Cli.Commands;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Options;

/// <summary>
/// Checks what was typed for numeric options before the parser converts it: that takes "1,5" for 15, blanks, and numbers that are
/// none. A decimal point, no thousands
/// separators, whatever the machine's language.
/// </summary>
internal static class NumericOptions
{
    private const string Prefix = "--";
    private const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <exception cref="UsageException">A value is no number, or out of range; the message names the option.</exception>
    public static void Check(IEnumerable<Type> verbs, string[] arguments)
    {
        if (
            arguments.Length == 0
            || verbs.FirstOrDefault(verb => verb.GetCustomAttribute<VerbAttribute>()?.Name == arguments[0]) is not { } verb
        )
            return;
        Dictionary<string, PropertyInfo> options = new Command(verb)
            .Options.Where(option => IsNumber(NumberOf(option.Property)))
            .ToDictionary(option => option.Name, option => option.Property, StringComparer.Ordinal);
        for (int i = 1; i < arguments.Length; i++)
        {
            string[] parts = arguments[i].Split('=', 2);
            if (!options.TryGetValue(parts[0], out PropertyInfo? option))
                continue;
            IEnumerable<string> values =
                parts.Length == 2
                    ? [parts[1]]
                    : arguments.Skip(i + 1).TakeWhile(value => !value.StartsWith(Prefix, StringComparison.Ordinal));
            foreach (string value in IsList(option) ? values.SelectMany(value => value.Split(',')) : values.Take(1))
                Check(parts[0], value, option);
        }
    }

    private static void Check(string name, string value, PropertyInfo option)
    {
        Type type = NumberOf(option);
        double? minimum = option.GetCustomAttribute<AtLeastAttribute>()?.Minimum;
        if (Parse(value, type) is not { } number || number < minimum)
        {
            string kind = type == typeof(double) ? "a number such as 1.5" : "a whole number such as 2";
            string limit = minimum is { } least ? $", from {least.ToString(CultureInfo.InvariantCulture)}" : "";
            throw new UsageException($"{name} is '{value}', expected {kind}{limit}");
        }
    }

    private static double? Parse(string text, Type type)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        const NumberStyles whole = NumberStyles.AllowLeadingSign;
        if (type == typeof(double))
            return double.TryParse(text, Real, culture, out double real) && double.IsFinite(real) ? real : null;
        if (type == typeof(int))
            return int.TryParse(text, whole, culture, out int number) ? number : null;
        if (type == typeof(long))
            return long.TryParse(text, whole, culture, out long number) ? number : null;
        return ulong.TryParse(text, whole, culture, out ulong unsigned) ? unsigned : null;
    }

    private static bool IsList(PropertyInfo option) =>
        option.PropertyType.IsGenericType && option.PropertyType.GetGenericTypeDefinition() == typeof(IEnumerable<>);

    /// <summary>What an option holds one or several of, or perhaps none.</summary>
    private static Type NumberOf(PropertyInfo option) =>
        IsList(option)
            ? option.PropertyType.GetGenericArguments()[0]
            : Nullable.GetUnderlyingType(option.PropertyType) ?? option.PropertyType;

    private static bool IsNumber(Type type) =>
        type == typeof(double) || type == typeof(int) || type == typeof(long) || type == typeof(ulong);
}
