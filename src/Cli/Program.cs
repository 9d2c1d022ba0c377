using System.Globalization;
using CommandLine;
using CommandLine.Text;
using UnpairedSegEngine.Cli.Commands;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Cli.Streams;
using UnpairedSegEngine.Cli.Verbs;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli;

/// <summary>Entry point of <c>unpairedseg</c>.</summary>
public static class Program
{
    private static readonly Type[] Verbs =
    [
        typeof(PlanVerb),
        typeof(TrainVerb),
        typeof(ExperimentVerb),
        typeof(EvaluateVerb),
        typeof(PredictVerb),
        typeof(ExportVerb),
        typeof(PackageVerb),
        typeof(ModelVerb),
        typeof(PhantomVerb),
        typeof(ImagesVerb),
        typeof(ImportVerb),
        typeof(PreprocessVerb),
        typeof(InspectVerb),
        typeof(ConfigVerb),
        typeof(KernelsVerb),
        typeof(ProfileVerb),
        typeof(BenchVerb),
        typeof(InfoVerb),
        typeof(CompletionVerb),
        typeof(DemoVerb),
    ];

    /// <summary>What the verbs' attributes say.</summary>
    internal static IReadOnlyList<Command> Commands => [.. Verbs.Select(verb => new Command(verb))];

    /// <summary>Assemblies take two each, volumes and logs some more.</summary>
    private const ulong FewestOpenFiles = 256;

    public static int Main(string[] arguments)
    {
        var streams = StandardStreams.Guard();
        return streams.End(
            UnixDescriptors.MostOpenFiles is < FewestOpenFiles and var most
                ? Failure.Report(
                    new IOException(
                        $"only {most} files may be open at a time, and {FewestOpenFiles} are needed; raise the limit "
                            + "with: ulimit -n 1024"
                    ),
                    arguments
                )
                : Run(arguments)
        );
    }

    /// <summary>Runs a command line in this process.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    internal static int Run(string[] arguments)
    {
        try
        {
            using var parser = new Parser(settings =>
            {
                settings.HelpWriter = null;
                settings.CaseInsensitiveEnumValues = true;
                settings.AllowMultiInstance = true;
                settings.MaximumDisplayWidth = 110;
                settings.ParsingCulture = CultureInfo.InvariantCulture;
            });
            if (arguments is ["bench-convolutions", ..])
                throw new UsageException("'bench-convolutions' is 'bench convolutions' now, with the same options");
            NumericOptions.Check(Verbs, arguments);
            ParserResult<object> result = parser.ParseArguments(arguments, Verbs);
            return result.MapResult(verb => ((IVerb)verb).Run(arguments), errors => Explain(result, [.. errors], arguments));
        }
        catch (Exception exception)
        {
            return Failure.Report(exception, arguments);
        }
    }

    private static int Explain(ParserResult<object> result, Error[] errors, string[] arguments)
    {
        if (errors.IsVersion())
        {
            Console.WriteLine($"unpairedseg {InfoVerb.Version}");
            return ExitCode.Ok;
        }

        bool asked = errors.IsHelp() || errors.Any(error => error is HelpVerbRequestedError);
        if (!asked && arguments.Length > 0)
            throw new UsageException(ArgumentProblem.Of(errors, Commands, arguments));
        var help = HelpText.AutoBuild(
            result,
            text =>
            {
                text.Heading =
                    $"unpairedseg {InfoVerb.Release}: unpaired multi-modal segmentation without a deep-learning framework";
                text.Copyright = ExitCode.Meanings;
                text.AdditionalNewLineAfterOption = false;
                text.AddEnumValuesToHelpText = true;
                return HelpText.DefaultParsingErrorsHandler(result, text);
            },
            example => example,
            verbsIndex: errors.Any(error => error is NoVerbSelectedError or HelpVerbRequestedError or BadVerbSelectedError),
            maxDisplayWidth: 110
        );
        (asked ? Console.Out : Console.Error).WriteLine(help);
        return asked ? ExitCode.Ok : ExitCode.Usage;
    }
}
