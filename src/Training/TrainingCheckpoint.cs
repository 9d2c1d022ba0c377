using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training;

/// <summary>
/// The files of a checkpoint: weights.safetensors (parameters and running statistics of all modules; averaged ones of the module
/// that predicts, where they are averaged), optimizer.safetensors (state of all optimizers, what the method keeps itself, as
/// "method/name", and of averaged weights those that are trained, as "trained/name") and state.json. Tensors of a named module or
/// optimizer are called "name/tensor".
/// </summary>
public static class TrainingCheckpoint
{
    /// <summary>Name of the checkpoints' folder in a run folder.</summary>
    public const string FolderName = "checkpoints";

    private const string WeightsName = "weights.safetensors";
    private const string OptimizerName = "optimizer.safetensors";
    private const string StateName = "state.json";

    /// <summary>Begins the names of a method's own numbers.</summary>
    private const string MethodPrefix = "method/";

    /// <summary>Begins the names of the weights that are trained where others, their means, predict.</summary>
    private const string TrainedPrefix = "trained/";

    private const long MostBytesOfState = 1 << 20;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Files without which there is nothing to predict with.</summary>
    public static IReadOnlyCollection<string> WeightFiles { get; } = [WeightsName];

    /// <summary>Files without which a run cannot go on.</summary>
    public static IReadOnlyCollection<string> AllFiles { get; } = [WeightsName, OptimizerName, StateName];

    /// <summary>What to write for each file; tensors are copied when their file is written.</summary>
    public static IReadOnlyDictionary<string, Action<Stream>> Contents(TrainingMethod method, TrainingState state) =>
        new Dictionary<string, Action<Stream>>
        {
            [WeightsName] = stream => SafetensorsFile.Write(stream, [.. Arrays(PredictingWeightsOf(method))]),
            [OptimizerName] = stream =>
                SafetensorsFile.Write(
                    stream,
                    [.. Arrays(StateOf(method)), .. Arrays(TrainedWeightsOf(method)), .. method.State.Select(ToNamedArray)]
                ),
            [StateName] = stream => JsonSerializer.Serialize(stream, state, Format),
        };

    /// <summary>Refuses to save what no run can go on from.</summary>
    /// <exception cref="NumericFailureException">A weight, a statistic or a moment is NaN or infinite, so a gradient was; the
    /// message names it.</exception>
    public static void RequireFinite(TrainingMethod method, TrainingState state)
    {
        string? bad =
            WeightsOf(method.Modules)
                .Concat(PredictingWeightsOf(method))
                .Concat(StateOf(method))
                .FirstOrDefault(tensor => !tensor.Value.IsFinite())
                .Name
            ?? method.State.FirstOrDefault(numbers => !numbers.Values.All(double.IsFinite))?.Name;
        if (bad is not null)
            throw new NumericFailureException($"after step {state.Step}, '{bad}' has values that are NaN or infinite");
    }

    /// <summary>The checkpoint whose weights predict.</summary>
    /// <param name="folder">Of checkpoints.</param>
    /// <param name="latest">The newest weights instead of those with the best validation.</param>
    /// <param name="warn">Is told about damaged checkpoints that were passed over.</param>
    /// <exception cref="InvalidDataException">No checkpoint, or all are damaged.</exception>
    public static Checkpoint FindWeights(string folder, bool latest = false, Action<string>? warn = null)
    {
        var store = new CheckpointStore(folder, warn: warn, required: WeightFiles);
        Checkpoint? best = latest ? null : store.Best();
        Checkpoint checkpoint =
            best ?? store.Latest() ?? throw new InvalidDataException($"'{folder}': no checkpoint yet; train the run first");
        if (best is null && !latest)
            warn?.Invoke($"no weights were chosen by validation; these are of the last step, {checkpoint.Step}");
        return checkpoint;
    }

    /// <summary>Reads the weights of some of a checkpoint's modules.</summary>
    /// <exception cref="InvalidDataException">The weights are of another network, damaged, or no numbers.</exception>
    public static void RestoreWeights(Checkpoint checkpoint, params IReadOnlyList<TrainingModule> modules) =>
        RestoreWeights(checkpoint.File(WeightsName), modules);

    /// <summary>The same from a file of weights by itself.</summary>
    /// <exception cref="InvalidDataException">The weights are of another network, damaged, or no numbers.</exception>
    public static void RestoreWeights(string path, params IReadOnlyList<TrainingModule> modules)
    {
        HashSet<string> names = [.. modules.Select(module => module.Name)];
        NamedArray[] arrays = [.. SafetensorsFile.Read(path).Arrays.Where(array => names.Contains(OwnerOf(array.Name)))];
        TensorArrays.Restore(path, arrays, WeightsOf(modules));
        if (arrays.FirstOrDefault(array => !FiniteTensors.IsFinite(array.Bytes.Span, array.DType)) is { } bad)
            throw new InvalidDataException(
                $"'{path}': '{bad.Name}' has values that are NaN or infinite; take an earlier checkpoint (train --resume "
                    + "--from STEP)"
            );
    }

    /// <summary>Restores everything that a run needs to go on.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is of another configuration, or damaged.</exception>
    public static TrainingState Restore(Checkpoint checkpoint, TrainingMethod method)
    {
        RestoreWeights(checkpoint, method.Modules);
        string path = checkpoint.File(OptimizerName);
        ILookup<string, NamedArray> arrays = SafetensorsFile
            .Read(path)
            .Arrays.ToLookup(array => Beginning(array.Name, MethodPrefix) ?? Beginning(array.Name, TrainedPrefix) ?? "");
        TensorArrays.Restore(path, [.. arrays[""]], StateOf(method));
        RestoreTrained(path, [.. arrays[TrainedPrefix]], method);
        foreach (HostNumbers numbers in method.State)
            Restore(path, arrays[MethodPrefix].FirstOrDefault(array => array.Name == MethodPrefix + numbers.Name), numbers);
        return JsonFile.Read<TrainingState>(checkpoint.File(StateName), Format, MostBytesOfState);
    }

    /// <summary>
    /// Means that a checkpoint has are in the network by now. Averaging may begin with a step, by the weights as they are, and
    /// end with one.
    /// </summary>
    private static void RestoreTrained(string path, NamedArray[] trained, TrainingMethod method)
    {
        method.Average?.Begin();
        if (trained.Length > 0)
            TensorArrays.Restore(path, trained, Trained(method));
    }

    private static string? Beginning(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal) ? prefix : null;

    private static void Restore(string path, NamedArray? array, HostNumbers numbers)
    {
        if (array is null)
            return;
        if (array.Shape != numbers.Shape || array.DType != DType.Float64)
            throw new InvalidDataException(
                $"'{path}': array '{array.Name}' is {array.DType} {array.Shape}, expected {DType.Float64} {numbers.Shape}; it "
                    + "belongs to another configuration"
            );
        MemoryMarshal.Cast<byte, double>(array.Bytes.Span).CopyTo(numbers.Values);
    }

    private static NamedArray ToNamedArray(HostNumbers numbers) =>
        new(MethodPrefix + numbers.Name, DType.Float64, numbers.Shape, MemoryMarshal.AsBytes(numbers.Values.AsSpan()).ToArray());

    private static IEnumerable<NamedArray> Arrays(IEnumerable<(string Name, Tensor Value)> tensors) =>
        tensors.Select(tensor => tensor.Value.ToNamedArray(tensor.Name));

    private static IEnumerable<(string Name, Tensor Value)> WeightsOf(IReadOnlyList<TrainingModule> modules) =>
        from module in modules
        where !module.IsFrozen
        from parameter in module.Parameters.All
        select (module.NameOf(parameter.Name), parameter.Value);

    /// <summary>Averaged ones where there are any.</summary>
    private static IEnumerable<(string Name, Tensor Value)> PredictingWeightsOf(TrainingMethod method) =>
        method.Average is { } average
            ? average.Means.Concat(WeightsOf([.. method.Modules.Where(module => module.Name != TrainingModule.Predictor)]))
            : WeightsOf(method.Modules);

    /// <summary>Of the module that predicts, where its means predict.</summary>
    private static IEnumerable<(string Name, Tensor Value)> TrainedWeightsOf(TrainingMethod method) =>
        method.Average is null ? [] : Trained(method);

    private static IEnumerable<(string Name, Tensor Value)> Trained(TrainingMethod method) =>
        WeightsOf([.. method.Modules.Where(module => module.Name == TrainingModule.Predictor)])
            .Select(weight => (TrainedPrefix + weight.Name, weight.Value));

    private static IEnumerable<(string Name, Tensor Value)> StateOf(TrainingMethod method) =>
        method.Optimizers.SelectMany(optimizer => optimizer.State);

    /// <summary>Name of the module whose a stored tensor is; empty for the one that predicts.</summary>
    private static string OwnerOf(string tensor) =>
        tensor.Contains('/') ? tensor[..tensor.IndexOf('/')] : TrainingModule.Predictor;
}
