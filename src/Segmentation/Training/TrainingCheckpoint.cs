using System.Text.Json;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>
/// The files of a checkpoint: weights.safetensors (parameters and running statistics), optimizer.safetensors (moments) and
/// state.json.
/// </summary>
public static class TrainingCheckpoint
{
    private const string WeightsName = "weights.safetensors";
    private const string OptimizerName = "optimizer.safetensors";
    private const string StateName = "state.json";

    private const long MostBytesOfState = 1 << 20;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Files without which there is nothing to predict with.</summary>
    public static IReadOnlyCollection<string> WeightFiles { get; } = [WeightsName];

    /// <summary>Files without which a run cannot go on.</summary>
    public static IReadOnlyCollection<string> AllFiles { get; } = [WeightsName, OptimizerName, StateName];

    /// <summary>What to write for each file; tensors are copied when their file is written.</summary>
    public static IReadOnlyDictionary<string, Action<Stream>> Contents(
        ISegmentationNetwork network,
        Adam optimizer,
        TrainingState state
    ) =>
        new Dictionary<string, Action<Stream>>
        {
            [WeightsName] = stream =>
                SafetensorsFile.Write(stream, [.. network.Parameters.All.Select(p => p.Value.ToNamedArray(p.Name))]),
            [OptimizerName] = stream =>
                SafetensorsFile.Write(stream, [.. optimizer.State.Select(moment => moment.Value.ToNamedArray(moment.Name))]),
            [StateName] = stream => JsonSerializer.Serialize(stream, state, Format),
        };

    /// <summary>Refuses to save what no run can go on from.</summary>
    /// <exception cref="NumericFailureException">A weight, a statistic or a moment is NaN or infinite, so a gradient was; the
    /// message names it.</exception>
    public static void RequireFinite(ISegmentationNetwork network, Adam optimizer, TrainingState state)
    {
        string? bad = network
            .Parameters.All.Select(p => (p.Name, p.Value))
            .Concat(optimizer.State)
            .FirstOrDefault(tensor => !tensor.Value.IsFinite())
            .Name;
        if (bad is not null)
            throw new NumericFailureException($"after step {state.Step}, '{bad}' has values that are NaN or infinite");
    }

    /// <exception cref="InvalidDataException">The weights are of another network, damaged, or no numbers.</exception>
    public static void RestoreWeights(Checkpoint checkpoint, ISegmentationNetwork network)
    {
        string path = checkpoint.File(WeightsName);
        IReadOnlyList<NamedArray> arrays = SafetensorsFile.Read(path).Arrays;
        TensorArrays.Restore(path, arrays, network.Parameters.All.Select(p => (p.Name, p.Value)));
        if (arrays.FirstOrDefault(array => !FiniteTensors.IsFinite(array.Bytes.Span, array.DType)) is { } bad)
            throw new InvalidDataException(
                $"'{path}': '{bad.Name}' has values that are NaN or infinite; take an earlier checkpoint (train --resume "
                    + "--from STEP)"
            );
    }

    /// <summary>Restores everything that a run needs to go on.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is of another configuration, or damaged.</exception>
    public static TrainingState Restore(Checkpoint checkpoint, ISegmentationNetwork network, Adam optimizer)
    {
        RestoreWeights(checkpoint, network);
        string path = checkpoint.File(OptimizerName);
        TensorArrays.Restore(path, SafetensorsFile.Read(path).Arrays, optimizer.State);
        return JsonFile.Read<TrainingState>(checkpoint.File(StateName), Format, MostBytesOfState);
    }
}
