using CommandLine;
using CommandLine.Text;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Cli.Verbs;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Segmentation.Training;

namespace UnpairedSegEngine.Cli;

/// <summary>Entry point of <c>unpairedseg</c>.</summary>
public static class Program
{
    private static readonly Type[] Verbs =
        [typeof(TrainVerb), typeof(ExperimentVerb), typeof(EvaluateVerb), typeof(PredictVerb), typeof(PhantomVerb), typeof(PreprocessVerb), typeof(InspectVerb), typeof(ConfigVerb), typeof(KernelsVerb), typeof(ProfileVerb), typeof(BenchVerb), typeof(BenchConvolutionsVerb), typeof(InfoVerb), typeof(DemoVerb)];

    public static int Main(string[] arguments)
    {
        using var parser = new Parser(settings =>
        {
            settings.HelpWriter = null;
            settings.CaseInsensitiveEnumValues = true;
            settings.AllowMultiInstance = true;
            settings.MaximumDisplayWidth = 110;
        });
        ParserResult<object> result = parser.ParseArguments(arguments, Verbs);
        return result.MapResult(verb => Run((IVerb)verb, arguments), errors => Explain(result, [.. errors]));
    }

    private static int Run(IVerb verb, string[] arguments)
    {
        try
        {
            return verb.Run(arguments);
        }
        catch (Exception exception) when (ExitCodeOf(exception) is { } code)
        {
            Console.Error.WriteLine($"unpairedseg: {MessageOf(exception)}");
            return code;
        }
    }

    /// <summary>One line, without the parameter name that .NET appends: it says nothing to a user.</summary>
    private static string MessageOf(Exception exception)
    {
        if (exception is AggregateException { InnerException: { } inner })
            return MessageOf(inner);
        string message = exception.Message.ReplaceLineEndings(" ");
        return exception is ArgumentException { ParamName: { } name } ? message.Replace($" (Parameter '{name}')", string.Empty, StringComparison.Ordinal) : message;
    }

    /// <summary>The code of an expected failure; null for a fault of the program, which keeps its stack trace.</summary>
    private static int? ExitCodeOf(Exception exception) => exception switch
    {
        AggregateException { InnerException: { } inner } => ExitCodeOf(inner),
        NonFiniteLossException => ExitCode.NumericFailure,
        OutOfMemoryException => ExitCode.OutOfMemory,
        OperationCanceledException => ExitCode.Interrupted,
        ArgumentException => ExitCode.Usage,
        InvalidDataException or IOException or UnauthorizedAccessException => ExitCode.BadData,
        CudaException or DeviceException => ExitCode.Device,
        _ => null,
    };

    private static int Explain(ParserResult<object> result, Error[] errors)
    {
        if (errors.IsVersion())
        {
            Console.WriteLine($"unpairedseg {InfoVerb.Version}");
            return ExitCode.Ok;
        }

        bool asked = errors.IsHelp() || errors.Any(error => error is HelpVerbRequestedError);
        var help = HelpText.AutoBuild(result, text =>
        {
            text.Heading = $"unpairedseg {InfoVerb.Version}: unpaired multi-modal segmentation without a deep-learning framework";
            text.Copyright = "exit codes: 0 ok, 2 usage, 3 bad data, 4 out of memory, 5 numeric failure, 6 device, 130 interrupted after a checkpoint";
            text.AdditionalNewLineAfterOption = false;
            text.AddEnumValuesToHelpText = true;
            return HelpText.DefaultParsingErrorsHandler(result, text);
        }, example => example, verbsIndex: errors.Any(error => error is NoVerbSelectedError or HelpVerbRequestedError or BadVerbSelectedError), maxDisplayWidth: 110);
        (asked ? Console.Out : Console.Error).WriteLine(help);
        return asked ? ExitCode.Ok : ExitCode.Usage;
    }
}
