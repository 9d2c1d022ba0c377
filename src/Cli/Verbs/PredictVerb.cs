using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("predict", HelpText = "Segment NIfTI volumes; the label map has the input's grid and orientation.")]
internal sealed class PredictVerb : DeviceVerb
{
    [Option("run", Required = true, HelpText = "Run folder of a trained network.")]
    public string RunPath { get; init; } = "";

    [Option("modality", Required = true, HelpText = "Modality of the input, such as CT or MR.")]
    public string Modality { get; init; } = "";

    [Option("in", Required = true, HelpText = "NIfTI file, or a folder of them.")]
    public string In { get; init; } = "";

    [Option("out", Required = true, HelpText = "Folder for the label maps, named as the inputs.")]
    public string Out { get; init; } = "";

    [Option("last", HelpText = "The newest weights instead of those with the best validation.")]
    public bool Last { get; init; }

    [Option("threads", Default = 0, HelpText = "Threads; 0 for all cores.")]
    public int Threads { get; init; }

    public override int Run(string[] arguments)
    {
        string[] inputs = Inputs();
        using OpenedBackend opened = OpenBackend(Threads);
        using TrainedModel model = TrainedModel.Open(RunPath, opened.Backend, Last, Console.Error.WriteLine);
        Modality modality = model.Description.ModalityOf(Modality);
        using var stop = new Segmentation.Runs.StopSignal();
        Directory.CreateDirectory(Out);
        for (int i = 0; i < inputs.Length; i++)
        {
            LoadedCase loaded = CaseReader.ReadUnlabelled(inputs[i], modality);
            PreparedCase prepared = PreparedCase.Prepare(loaded, model.Description.Preprocessing, model.Description.Classes.Count);
            string target = Path.Combine(Out, CaseName(inputs[i]) + ".nii.gz");
            if (Path.GetFullPath(target) == Path.GetFullPath(inputs[i]))
                throw new ArgumentException($"--out '{Out}': '{target}' would overwrite its input; choose another folder");
            NiftiWriter.Write(target, model.Predictor.Predict(prepared, stop: stop.Token).ToOriginal());
            Console.WriteLine($"[{i + 1}/{inputs.Length}] {target}");
        }

        return ExitCode.Ok;
    }

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
