using CommandLine;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Export;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "package",
    HelpText = "Pack a trained model into one file, for predict --model: weights, settings, classes, modalities and scores, but "
        + "no names of cases or machines."
)]
internal sealed class PackageVerb : IVerb
{
    [Option("run", Required = true, HelpText = "Run folder of a trained network.")]
    public string RunPath { get; init; } = "";

    [Option("out", Required = true, HelpText = "File to write, such as model.useg.")]
    public string Out { get; init; } = "";

    [Option("licence", HelpText = "Text file with the terms of the model, to put in.")]
    public string? Licence { get; init; }

    [Option("last", HelpText = "The newest weights instead of those with the best validation.")]
    public bool Last { get; init; }

    [Option("overwrite", HelpText = ResultFiles.OverwriteHelp)]
    public bool Overwrite { get; init; }

    public int Run(string[] arguments)
    {
        RunFolder run = RunFolder.Open(RunPath);
        ResultFiles.Check(Overwrite, ("--out", Out));
        if (run.Config.Definition.Locates(run.Config))
            throw new UsageException(
                $"--run '{RunPath}': says where objects are, for which it needs other runs; only networks that segment or "
                    + "classify can be packed"
            );
        Checkpoint weights = TrainedModel.FindWeights(RunPath, Last);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device);
        if (ClassifierDescription.IsIn(RunPath))
        {
            using var classifier = TrainedClassifier.Open(
                RunPath,
                ClassifierDescription.Read(RunPath),
                backend,
                Last,
                Console.Error.WriteLine
            );
            PackageExport.Write(Out, run, classifier, weights, Licence);
        }
        else
        {
            using TrainedRun model = TrainedRun.Open(RunPath, backend, Last, Console.Error.WriteLine);
            PackageExport.Write(Out, run, model.Model, weights, Licence);
        }

        Console.WriteLine($"{Out}: {new FileInfo(Out).Length:N0} bytes; next: unpairedseg model show {Out}");
        return ExitCode.Ok;
    }
}
