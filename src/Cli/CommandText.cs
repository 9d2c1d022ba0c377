namespace UnpairedSegEngine.Cli;

/// <summary>Commands that the program prints, to be pasted into a shell.</summary>
internal static class CommandText
{
    private const string Plain = "-_./:=,+@%";

    /// <summary>The command with every argument quoted that a shell would take apart.</summary>
    public static string Of(params IEnumerable<string> arguments) => $"unpairedseg {string.Join(' ', arguments.Select(Quoted))}";

    private static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsLetterOrDigit(c) || Plain.Contains(c))
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
