using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("predict", HelpText = "Segment NIfTI volumes; the label map has the input's grid and orientation.")]
internal sealed class PredictVerb : VolumePredictionVerb
{
    [Option("run", Required = true, HelpText = "Run folder of a trained network.")]
    public string RunPath { get; init; } = "";

    [Option("modality", Required = true, HelpText = "Modality of the input, such as CT or MR.")]
    public string Modality { get; init; } = "";

    [Option("in", Required = true, HelpText = "NIfTI file, or a folder of them.")]
    public string In { get; init; } = "";

    [Option("out", Required = true, HelpText = "Folder for the label maps, named as the inputs.")]
    public string Out { get; init; } = "";

    [Option("save-probabilities", HelpText = "Also write each class's probability, as CASE_CLASS.nii.gz in a folder 'probabilities' below --out (8 bits, scaled to 0..1).")]
    public bool SaveProbabilities { get; init; }

    [Option("continue", HelpText = "Leave out inputs whose label map exists in --out.")]
    public bool Continue { get; init; }

    public override int Run(string[] arguments)
    {
        string[] inputs = Inputs();
        using OpenedBackend opened = OpenBackend(Threads);
        using TrainedModel model = OpenModel(RunPath, opened.Backend);
        Modality modality = model.Description.ModalityOf(Modality);
        using var stop = new Segmentation.Runs.StopSignal();
        Directory.CreateDirectory(Out);
        for (int i = 0; i < inputs.Length; i++)
        {
            string target = Path.Combine(Out, CaseName(inputs[i]) + ".nii.gz");
            if (Path.GetFullPath(target) == Path.GetFullPath(inputs[i]))
                throw new ArgumentException($"--out '{Out}': '{target}' would overwrite its input; choose another folder");

            // A label map is written last and at once: where there is one, its case is done.
            bool isDone = Continue && File.Exists(target);
            if (!isDone && !Predict(model, modality, inputs[i], target, stop.Token))
                return ExitCode.Interrupted;
            Console.WriteLine($"[{i + 1}/{inputs.Length}] {target}{(isDone ? " (exists)" : "")}");
        }

        return ExitCode.Ok;
    }

    /// <summary>False where the user stopped it.</summary>
    private bool Predict(TrainedModel model, Modality modality, string input, string target, CancellationToken stop)
    {
        ModelDescription description = model.Description;
        PreparedCase prepared = PreparedCase.Prepare(CaseReader.ReadUnlabelled(input, modality), description.Preprocessing, description.Classes.Count);
        CaseSegmentation segmentation;
        try
        {
            segmentation = model.Predictor.Predict(prepared, SaveProbabilities, stop);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("stopped; --continue goes on with what is missing");
            return false;
        }

        if (SaveProbabilities)
            WriteProbabilities(segmentation, description.Classes, input);
        Volume<byte> labels = segmentation.ToOriginal();
        KeepLargest(labels, description.Classes);
        NiftiWriter.Write(target, ToOriginal(labels, input));
        return true;
    }

    private void WriteProbabilities(CaseSegmentation segmentation, IReadOnlyList<string> classes, string input)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Out, "probabilities")).FullName;
        foreach ((Volume<byte> probability, string organ) in segmentation.ProbabilitiesToOriginal().Zip(classes))
            NiftiWriter.Write(Path.Combine(folder, $"{CaseName(input)}_{organ.Replace(' ', '-')}.nii.gz"), ToOriginal(probability, input), new NiftiWriteOptions { Slope = 1.0 / byte.MaxValue });
    }

    /// <summary>Volumes of a preprocessed dataset return to the grid that they had before.</summary>
    private static Volume<byte> ToOriginal(Volume<byte> volume, string input)
        => PreprocessingRecord.OriginalOf(input, CaseName(input)) is { } original ? PreprocessingRecord.Restore(volume, original) : volume;

    /// <summary>The file's name without ending and without nnU-Net's channel number, as nnU-Net names predictions.</summary>
    private static string CaseName(string path)
    {
        const string firstChannel = "_0000";
        string stem = Path.GetFileName(NiftiPaths.Stem(path));
        return stem.EndsWith(firstChannel, StringComparison.Ordinal) ? stem[..^firstChannel.Length] : stem;
    }

    private string[] Inputs()
    {
        if (File.Exists(In))
            return [In];
        if (!Directory.Exists(In))
            throw new InvalidDataException($"--in '{In}': no such file or folder");
        string[] files = [.. Directory.EnumerateFiles(In).Where(NiftiPaths.IsNifti).Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new InvalidDataException($"--in '{In}': has no .nii, .nii.gz or .hdr file");
    }
}
