using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;

namespace UnpairedSegEngine.Training.Configuration;

/// <summary>
/// One key of the configuration, such as <c>loss.kd.weight</c>: its type, limits and meaning, and how its values read as text.
/// </summary>
public sealed class ConfigKey
{
    private readonly PropertyInfo[] path;
    private readonly ConfigKeyAttribute attribute;

    /// <param name="path">The properties from the root record to the value.</param>
    internal ConfigKey(params PropertyInfo[] path)
    {
        this.path = path;
        attribute = path[^1].GetCustomAttribute<ConfigKeyAttribute>()!;
        Name = string.Join('.', path.Select(property => SnakeCase.From(property.Name)));
    }

    /// <summary>Dotted snake_case path.</summary>
    public string Name { get; }

    /// <summary>One line with the unit.</summary>
    public string Meaning => attribute.Meaning;

    /// <summary>Whether keys below this one are free: <c>data.normalization.CT</c>.</summary>
    public bool IsMap => ValueType == typeof(IReadOnlyDictionary<string, string>);

    /// <summary>Whether results do not depend on it.</summary>
    public bool IsFree => attribute.IsFree;

    /// <summary>What runs did before there was the key, where the default is another.</summary>
    public string? Earlier => attribute.Earlier;

    /// <summary>
    /// The values it takes, for a person: "a number from 0 to 1", "true or false", "batch, instance, layer or group".
    /// </summary>
    public string Allowed =>
        ValueType switch
        {
            { IsEnum: true } type => string.Join(" or ", Enum.GetNames(type).Select(SnakeCase.From)),
            var type when type == typeof(bool) => "true or false",
            var type when type == typeof(double) => $"a number{Limits}",
            _ when IsMap => "text per name",
            _ when attribute.Form is not null => attribute.Form,
            _ => $"a whole number{Limits}",
        };

    private Type ValueType => path[^1].PropertyType;

    private string Limits
    {
        get
        {
            string lower = double.IsFinite(attribute.Minimum)
                ? $"{(attribute.AboveMinimum ? " above " : " from ")}{Text(attribute.Minimum)}"
                : "";
            return double.IsFinite(attribute.Maximum) ? $"{lower} to {Text(attribute.Maximum)}" : lower;
        }
    }

    /// <summary>The JSON schema of its values.</summary>
    internal JsonObject Schema(object defaults)
    {
        var schema = new JsonObject { ["description"] = Meaning };
        if (IsMap)
        {
            schema["type"] = "object";
            schema["additionalProperties"] = new JsonObject { ["type"] = new JsonArray("string", "number") };
            return schema;
        }

        schema["default"] = ValueIn(defaults) switch
        {
            bool flag => JsonValue.Create(flag),
            int number => JsonValue.Create(number),
            long number => JsonValue.Create(number),
            double number => JsonValue.Create(number),
            _ => JsonValue.Create(TextIn(defaults)),
        };
        if (ValueType.IsEnum)
        {
            schema["enum"] = new JsonArray([.. Enum.GetNames(ValueType).Select(name => (JsonNode)SnakeCase.From(name))]);
            return schema;
        }

        schema["type"] =
            ValueType == typeof(bool) ? "boolean"
            : ValueType == typeof(double) ? "number"
            : attribute.Form is not null ? "string"
            : "integer";
        if (double.IsFinite(attribute.Minimum))
            schema[attribute.AboveMinimum ? "exclusiveMinimum" : "minimum"] = attribute.Minimum;
        if (double.IsFinite(attribute.Maximum))
            schema["maximum"] = attribute.Maximum;
        return schema;
    }

    /// <summary>Its value in a configuration, as text that <see cref="TryParse"/> reads back to the same value.</summary>
    public string TextIn(object config) => Text(ValueIn(config));

    /// <summary>Its name and text; of a map, those of each entry.</summary>
    public IEnumerable<KeyValuePair<string, string>> EntriesIn(object config) =>
        ValueIn(config) is IReadOnlyDictionary<string, string> map
            ? map.Select(entry => new KeyValuePair<string, string>($"{Name}.{entry.Key}", entry.Value))
            : [new(Name, TextIn(config))];

    /// <summary>Its value in a configuration.</summary>
    public object ValueIn(object config) => path[^1].GetValue(OwnerIn(config))!;

    /// <summary>Changes a configuration that nobody else sees yet.</summary>
    public void SetIn(object config, object value) => path[^1].SetValue(OwnerIn(config), value);

    /// <summary>Reads a value; false where the text is none or is out of range.</summary>
    public bool TryParse(string text, out object value)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (ValueType.IsEnum)
        {
            value = Enum.GetValues(ValueType)
                .Cast<object>()
                .FirstOrDefault(member => SnakeCase.From(member.ToString()!) == text.Replace('-', '_'))!;
            return value is not null;
        }

        if (ValueType == typeof(bool))
        {
            value = text == "true";
            return text is "true" or "false";
        }

        if (ValueType == typeof(double))
        {
            value = double.TryParse(
                text,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                culture,
                out double number
            )
                ? number
                : double.NaN;
            return IsInRange((double)value);
        }

        if (attribute.Form is not null)
        {
            object?[] arguments = [text, culture, null];
            bool isParsed = (bool)
                ValueType
                    .GetMethod("TryParse", [typeof(string), typeof(IFormatProvider), ValueType.MakeByRefType()])!
                    .Invoke(null, arguments)!;
            value = arguments[2]!;
            return isParsed;
        }

        bool isWhole = long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out long whole) && IsInRange(whole);
        if (ValueType == typeof(int))
        {
            value = isWhole && whole is >= int.MinValue and <= int.MaxValue ? (int)whole : 0;
            return isWhole && whole is >= int.MinValue and <= int.MaxValue;
        }

        value = whole;
        return isWhole;
    }

    private static string Text(object value) =>
        value switch
        {
            Enum member => SnakeCase.From(member.ToString()),
            bool flag => flag ? "true" : "false",
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            IReadOnlyDictionary<string, string> => "",
            _ => value.ToString()!,
        };

    private bool IsInRange(double number) =>
        double.IsFinite(number)
        && number <= attribute.Maximum
        && (attribute.AboveMinimum ? number > attribute.Minimum : number >= attribute.Minimum);

    private object OwnerIn(object config)
    {
        object owner = config is IConfiguration whole ? whole.Part(path[0].DeclaringType!) : config;
        foreach (PropertyInfo property in path.AsSpan(..^1))
            owner = property.GetValue(owner)!;
        return owner;
    }
}
