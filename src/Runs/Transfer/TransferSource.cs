using System.IO.Hashing;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Runs.Transfer;

/// <summary>Weights that a new run begins with: those of a run's best checkpoint, or of a file.</summary>
public sealed class TransferSource
{
    private TransferSource(string path, string file, long? step, LearntNames? names)
    {
        (Path, File, Step, Names) = (path, file, step, names);
        Arrays = SafetensorsFile.Read(file).Arrays.ToDictionary(array => array.Name);
        Hash = Convert.ToHexStringLower(XxHash128.Hash(System.IO.File.ReadAllBytes(file)));
        if (Arrays.Values.FirstOrDefault(array => array.DType != DType.Float32) is { } other)
            throw new InvalidDataException($"'{file}': '{other.Name}' is {other.DType}, expected {DType.Float32}");
        if (Arrays.Values.FirstOrDefault(array => !FiniteTensors.IsFinite(array.Bytes.Span, array.DType)) is { } bad)
            throw new InvalidDataException(
                $"'{file}': '{bad.Name}' has values that are NaN or infinite; take another checkpoint"
            );
    }

    /// <summary>As it was given.</summary>
    public string Path { get; }

    /// <summary>The weights.</summary>
    public string File { get; }

    /// <summary>Of the checkpoint; null of a file that says none.</summary>
    public long? Step { get; }

    /// <summary>What rows stand for; null where nobody says.</summary>
    public LearntNames? Names { get; }

    /// <summary>XxHash128 of the file.</summary>
    public string Hash { get; }

    public IReadOnlyDictionary<string, NamedArray> Arrays { get; }

    /// <param name="path">A run folder, or a safetensors file; of one in a run's folder of checkpoints, names are the run's.</param>
    /// <param name="warn">Is told about damaged checkpoints that were passed over.</param>
    /// <exception cref="InvalidDataException">It is neither, or damaged.</exception>
    public static TransferSource Open(string path, Action<string> warn)
    {
        if (Directory.Exists(path))
        {
            RunFolder run = RunFolder.Open(path);
            Checkpoint checkpoint = TrainingCheckpoint.FindWeights(run.CheckpointsPath, warn: warn);
            return new TransferSource(
                path,
                checkpoint.File(TrainingCheckpoint.WeightFiles.Single()),
                checkpoint.Step,
                LearntNames.Find(path)
            );
        }

        if (!System.IO.File.Exists(path))
            throw new InvalidDataException($"--init '{path}': no such run folder or safetensors file");
        DirectoryInfo? folder = new FileInfo(path).Directory;
        bool isOfRun = folder?.Parent?.Name == TrainingCheckpoint.FolderName;
        return new TransferSource(path, path, null, isOfRun ? LearntNames.Find(folder!.Parent!.Parent!.FullName) : null);
    }
}
