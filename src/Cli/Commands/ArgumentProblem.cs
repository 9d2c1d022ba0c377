using CommandLine;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Commands;

/// <summary>What is wrong with a command line, in the words of somebody who typed it: one line with what was meant, or what
/// there is.</summary>
internal static class ArgumentProblem
{
    /// <param name="errors">What the parser found.</param>
    /// <param name="commands">All.</param>
    /// <param name="arguments">What was typed.</param>
    public static string Of(IReadOnlyList<Error> errors, IReadOnlyList<Command> commands, IReadOnlyList<string> arguments)
    {
        // What is there and wrong says more than what is not there.
        Error error = errors.OrderBy(found => found is MissingRequiredOptionError).First();
        string[] names = [.. commands.Select(command => command.Name)];
        if (error is NoVerbSelectedError)
            return $"no command is given; there are {string.Join(", ", names)}";
        if (error is BadVerbSelectedError unknown)
            return $"'{OneLine.Of(unknown.Token)}' is no command{Meant(unknown.Token, names)}; there are {string.Join(", ", names)}";
        if (commands.FirstOrDefault(command => command.Name == arguments[0]) is not { } command)
            return "the command line is not understood";
        string problem = error switch
        {
            UnknownOptionError option =>
                $"there is no option {Dashed(option.Token)}{Meant(Dashed(option.Token), [.. command.Options.Select(known => known.Name)])}",
            MissingRequiredOptionError { NameInfo.LongName: "" } => $"{NamesOf(command.Values)} is missing",
            MissingRequiredOptionError missing when arguments.Contains(Dashed(missing.NameInfo.LongName)) =>
                $"{Dashed(missing.NameInfo.LongName)} has no value",
            MissingRequiredOptionError missing => $"{Dashed(missing.NameInfo.LongName)} is missing; it is always needed",
            MissingValueOptionError empty => $"{Dashed(empty.NameInfo.LongName)} has no value",
            RepeatedOptionError twice => $"{Dashed(twice.NameInfo.LongName)} is given more than once",
            BadFormatConversionError { NameInfo.LongName: "" } => Positional(command, arguments),
            BadFormatConversionError bad => OfOption(command, Dashed(bad.NameInfo.LongName), arguments),
            BadFormatTokenError token => $"'{OneLine.Of(token.Token)}' is not understood",
            NamedError named => $"{Dashed(named.NameInfo.LongName)} is not understood ({error.Tag})",
            _ => $"the arguments are not understood ({error.Tag})",
        };
        return $"{command.Name}: {problem}; all options: unpairedseg {command.Name} --help";
    }

    private static string NamesOf(IReadOnlyList<CommandOption> values) =>
        string.Join(" or ", values.Select(value => value.Choices.Count > 0 ? string.Join(", ", value.Choices) : value.Name));

    /// <summary>The first word behind the verb that is no value of an enumeration that stands there.</summary>
    private static string Positional(Command command, IReadOnlyList<string> arguments) =>
        command.Values.Zip(arguments.Skip(1)).Select(pair => Problem(pair.Second, pair.First)).OfType<string>().FirstOrDefault()
        ?? "what stands behind the command is not understood";

    private static string OfOption(Command command, string name, IReadOnlyList<string> arguments)
    {
        string? typed = arguments.FirstOrDefault(argument => argument.StartsWith($"{name}=", StringComparison.Ordinal))
            is { } together
            ? together[(name.Length + 1)..]
            : arguments.SkipWhile(argument => argument != name).Skip(1).FirstOrDefault();
        if (typed is null)
            return $"{name} is not understood";
        return
            command.Options.FirstOrDefault(option => option.Name == name) is { } option && Problem(typed, option) is { } problem
            ? $"{name}: {problem}"
            : $"{name} cannot be '{OneLine.Of(typed)}'";
    }

    /// <summary>Null where the word is a value of the option's enumeration, or it has none.</summary>
    private static string? Problem(string typed, CommandOption option) =>
        option.Enumeration is not { } type || Enum.TryParse(type, typed, ignoreCase: true, out _)
            ? null
            : $"'{OneLine.Of(typed)}' is none of {string.Join(", ", option.Choices)}{Meant(typed, option.Choices)}";

    /// <summary>A name that less than half of its letters tell from what is typed.</summary>
    private static string Meant(string typed, IReadOnlyList<string> known) =>
        known.MinBy(name => EditDistance.Of(name, typed)) is { } nearest
        && EditDistance.Of(nearest, typed) * 2 < nearest.TrimStart('-').Length
            ? $", did you mean {nearest}?"
            : "";

    private static string Dashed(string name) => name.StartsWith('-') ? name : $"--{name}";
}
