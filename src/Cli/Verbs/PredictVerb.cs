using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "predict",
    HelpText = "Segment NIfTI volumes; the label map has the input's grid and orientation. In a folder, a case that "
        + "cannot be read does not stop the others. A run on images classifies PNG files."
)]
internal sealed class PredictVerb : VolumePredictionVerb
{
    [Option("run", HelpText = "Run folder of a trained network; or a package by --model.")]
    public string? RunPath { get; init; }

    [Option("model", HelpText = "Package that unpairedseg package made, in the place of --run.")]
    public string? ModelPath { get; init; }

    [Option("modality", HelpText = "Modality of the input, such as CT or MR; not needed where the run knows one only.")]
    public string? Modality { get; init; }

    [Option(
        "in",
        Required = true,
        HelpText = "NIfTI file, or a folder of them: CASE_0000.nii.gz, CASE_0001.nii.gz ... where the run sees several channels. For a "
            + "run on images a PNG file, or a folder of them."
    )]
    public string In { get; init; } = "";

    [Option(
        "out",
        Required = true,
        HelpText = "Folder for the label maps, named as the inputs; not the inputs' own, and no part of a dataset. For a run on images, "
            + "for predictions.csv, and for boxes.csv where it says where objects are."
    )]
    public string Out { get; init; } = "";

    [Option(
        "save-probabilities",
        HelpText = "Also write each class's probability, as CASE_CLASS.nii.gz in a folder 'probabilities' below --out (8 "
            + "bits, scaled to 0..1)."
    )]
    public bool SaveProbabilities { get; init; }

    [Option("continue", HelpText = "Leave out inputs whose label map exists in --out.")]
    public bool Continue { get; init; }

    private PredictionFolder Target => new(Out);

    public override int Run(string[] arguments)
    {
        if (Continue && Overwrite)
            throw new UsageException("--continue leaves the files that --overwrite replaces; give one of them");
        if (RunPath is null == ModelPath is null)
            throw new UsageException("give a run folder by --run, or a package by --model");
        if (RunPath is not null && ModelPackage.IsPackage(RunPath))
            throw new UsageException($"--run '{RunPath}': is a file, expected a run folder; a package is given by --model");
        if (ModelPath is null)
            return PredictBy(RunPath!);
        if (Last)
            throw new UsageException("--last: a package has one set of weights");
        using UnpackedModel unpacked = ModelPackage.Unpack(ModelPath);
        return PredictBy(unpacked.Folder);
    }

    private int PredictBy(string run)
    {
        Runs.RunFolder.Open(run);
        if (ClassifierDescription.IsIn(run))
            return PredictImages(run);
        ModelDescription description = ModelDescription.Read(run);
        Modality modality = ModalityOf(description);
        PredictionInput[] inputs = PredictionInput.Find(In, description.Channels, Note);
        Target.RequireApart(In);
        Target.RequireFree(inputs, [], Continue || Overwrite);
        using OpenedBackend opened = OpenBackend(Threads);
        using TrainedRun model = OpenModel(run, opened.Backend);
        if (SaveProbabilities)
            Target.RequireFree(inputs, model.Description.Classes, Continue || Overwrite);
        RequireKnownOrgans(model.Description.Classes);
        using var stop = new Runs.Progress.StopSignal();
        try
        {
            return PredictAll(inputs, model, modality, stop.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("stopped; --continue goes on with what is missing");
            return ExitCode.Interrupted;
        }
    }

    private int PredictImages(string run)
    {
        if (Continue || SaveProbabilities || Modality is not null)
            throw new UsageException(
                $"'{ModelPath ?? RunPath}' classifies images: --continue, --save-probabilities and --modality are for volumes"
            );
        var prediction = new ImagePrediction(run, In, Out);
        if (!Overwrite && File.Exists(prediction.Table))
            throw new UsageException($"--out '{Out}': '{prediction.Table}' exists; replace it with --overwrite");
        using OpenedBackend opened = OpenBackend(Threads);
        using var stop = new Runs.Progress.StopSignal();
        (int files, IReadOnlyList<FailedCase> failed) = prediction.Write(opened.Backend, Last, Warn, stop.Token);
        Console.WriteLine(prediction.Table);
        if (File.Exists(prediction.BoxTable))
            Console.WriteLine(prediction.BoxTable);
        return ReportFailed(failed, files, "images were not classified");
    }

    private Modality ModalityOf(ModelDescription description) =>
        Modality is null && description.Modalities.Count > 1
            ? throw new UsageException(
                $"--modality is missing: the run knows {OneLine.Of(string.Join(", ", description.Modalities))}"
            )
            : description.ModalityOf(Modality ?? description.Modalities[0]);

    private int PredictAll(PredictionInput[] inputs, TrainedRun model, Modality modality, CancellationToken stop)
    {
        var failed = new List<FailedCase>();
        foreach ((int i, PredictionInput input) in inputs.Index())
        {
            string labels = Target.LabelsOf(input),
                outcome = "";

            // A label map is written last and at once: where there is one, its case is done.
            if (Continue && File.Exists(labels))
                outcome = " (exists)";
            else if (TryPrepare(input, model, modality, failed) is { } prepared)
                Predict(model, prepared, input, stop);
            else
                outcome = " failed";
            Console.WriteLine($"[{i + 1}/{inputs.Length}] {labels}{outcome}");
        }

        return ReportFailed(failed, inputs.Length, "volumes were not predicted");
    }

    /// <summary>Null where the file is to blame and there may be others.</summary>
    private PreparedCase? TryPrepare(PredictionInput input, TrainedRun model, Modality modality, List<FailedCase> failed)
    {
        try
        {
            LoadedCase loaded = input.Read(modality);
            WarnOfModality(input, model.Provenance?.OtherModalityOf(loaded), modality);
            foreach (string note in loaded.Notes)
                Note($"'{input.Path}': {note}");
            PreparedCase prepared = PreparedCase.Prepare(
                loaded,
                model.Description.Preprocessing,
                model.Description.Classes.Count
            );
            foreach (string warning in CaseWarnings.OfImages([prepared]))
                Warn(warning);
            return prepared;
        }
        catch (Exception e) when (CaseByCase.IsBadData(e) && Directory.Exists(In))
        {
            failed.Add(new FailedCase(input.Path, e.Message));
            return null;
        }
    }

    /// <summary>
    /// A folder may hold several modalities, so one of its volumes under another name is worth a note; a volume that was chosen
    /// by itself is a mistake.
    /// </summary>
    private void WarnOfModality(PredictionInput input, string? known, Modality modality)
    {
        if (known is null)
            return;
        string contradiction = $"'{input.Path}': {known}, but --modality says {modality.Name}";
        if (!Directory.Exists(In))
            throw new InvalidDataException(contradiction);
        Warn(contradiction);
    }

    private void Predict(TrainedRun model, PreparedCase prepared, PredictionInput input, CancellationToken stop)
    {
        IReadOnlyList<string> classes = model.Description.Classes;
        CaseSegmentation segmentation = model.Predictor.Predict(prepared, SaveProbabilities, stop);
        Target.Create(SaveProbabilities);
        foreach ((Volume<byte> probability, string name) in segmentation.ProbabilitiesToOriginal().Zip(classes))
            NiftiWriter.Write(
                Target.ProbabilityOf(input, name),
                ToOriginal(probability, input),
                new NiftiWriteOptions { Slope = 1.0 / byte.MaxValue }
            );
        Volume<byte> labels = segmentation.ToOriginal();
        KeepLargest(labels, classes);
        NiftiWriter.Write(Target.LabelsOf(input), ToOriginal(labels, input));
    }

    /// <summary>Volumes of a preprocessed dataset return to the grid that they had before.</summary>
    private static Volume<byte> ToOriginal(Volume<byte> volume, PredictionInput input) =>
        PreprocessingRecord.OriginalOf(input.Path, input.Case) is { } original
            ? PreprocessingRecord.Restore(volume, original)
            : volume;
}
