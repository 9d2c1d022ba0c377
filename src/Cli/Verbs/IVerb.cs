namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>One verb of the command line: its options as properties, and what it does.</summary>
internal interface IVerb
{
    /// <param name="arguments">The whole command line, for the record.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    int Run(string[] arguments);
}
