using System.Globalization;
using System.Reflection;
using CommandLine;

namespace UnpairedSegEngine.Cli.Commands;

/// <summary>A verb as its attributes describe it, for help, errors and completion.</summary>
internal sealed class Command
{
    /// <param name="verb">A type with a <see cref="VerbAttribute"/>.</param>
    public Command(Type verb)
    {
        VerbAttribute attribute = verb.GetCustomAttribute<VerbAttribute>()!;
        (Name, Help) = (attribute.Name, attribute.HelpText);
        Options =
        [
            .. from property in verb.GetProperties()
            let option = property.GetCustomAttribute<OptionAttribute>()
            where option is { Hidden: false }
            select new CommandOption($"--{option.LongName}", option.HelpText, property, option.Required, Text(option.Default)),
        ];
        Values =
        [
            .. from property in verb.GetProperties()
            let value = property.GetCustomAttribute<ValueAttribute>()
            where value is not null
            orderby value.Index
            select new CommandOption(value.MetaName, value.HelpText, property, value.Required, Text(value.Default)),
        ];
    }

    public string Name { get; }

    public string Help { get; }

    /// <summary>By name, "--data".</summary>
    public IReadOnlyList<CommandOption> Options { get; }

    /// <summary>What stands behind the verb without a name, in its order.</summary>
    public IReadOnlyList<CommandOption> Values { get; }

    private static string? Text(object? value) =>
        value is null or false ? null
        : value is Enum ? value.ToString()!.ToLowerInvariant()
        : Convert.ToString(value, CultureInfo.InvariantCulture);
}
