using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Export;

/// <summary>Packs a run's model into one file (<see cref="ModelPackage"/>).</summary>
public static class PackageExport
{
    private const long MostBytesOfText = 1 << 20;

    /// <summary>Writes a package of a run on volumes.</summary>
    /// <param name="path">The file, which is replaced.</param>
    /// <param name="run">The run.</param>
    /// <param name="model">Its model, as it was opened.</param>
    /// <param name="weights">The checkpoint that its weights are from.</param>
    /// <param name="licence">A text file to put in; null for none.</param>
    /// <exception cref="InvalidDataException">The licence or a record of the run cannot be read.</exception>
    public static void Write(string path, RunFolder run, TrainedModel model, Checkpoint weights, string? licence) =>
        Write(path, run, model.Network.Parameters, weights, model.Description.Write, licence);

    /// <summary>The same of a run on images.</summary>
    public static void Write(string path, RunFolder run, TrainedClassifier model, Checkpoint weights, string? licence) =>
        Write(path, run, model.Network.Parameters, weights, model.Description.Write, licence);

    private static void Write(
        string path,
        RunFolder run,
        ParameterStore parameters,
        Checkpoint weights,
        Action<string> describe,
        string? licence
    )
    {
        using var described = new TemporaryDescription(describe);
        using var arrays = new MemoryStream();
        SafetensorsFile.Write(arrays, WeightsExport.ArraysOf(parameters));
        var files = new Dictionary<string, byte[]>
        {
            [ModelDescription.FileName] = described.Bytes,
            [RunFolder.ConfigName] = InputFile.ReadAll(Path.Combine(run.Path, RunFolder.ConfigName), MostBytesOfText),
            [ModelPackage.WeightsName] = arrays.ToArray(),
        };
        if (licence is not null)
            files[ModelPackage.LicenceName] = InputFile.ReadAll(licence, MostBytesOfText);
        ModelPackage.Write(path, RunFacts.Of(run, weights), files);
    }

    /// <summary>model.json as this version writes it, also of a run of an earlier one.</summary>
    private sealed class TemporaryDescription : IDisposable
    {
        private readonly string folder = Directory.CreateTempSubdirectory("unpairedseg-package-").FullName;

        public TemporaryDescription(Action<string> write)
        {
            write(folder);
            Bytes = InputFile.ReadAll(Path.Combine(folder, ModelDescription.FileName), MostBytesOfText);
        }

        public byte[] Bytes { get; }

        public void Dispose() => Directory.Delete(folder, recursive: true);
    }
}
