using System.Text.Json;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>The files of a checkpoint: weights.safetensors (parameters and running statistics), optimizer.safetensors (moments) and state.json.</summary>
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
    public static IReadOnlyDictionary<string, Action<Stream>> Contents(ISegmentationNetwork network, AdamOptimizer optimizer, TrainingState state)
        => new Dictionary<string, Action<Stream>>
        {
            [WeightsName] = stream => SafetensorsFile.Write(stream, [.. network.Parameters.All.Select(p => p.Value.ToNamedArray(p.Name))]),
            [OptimizerName] = stream => SafetensorsFile.Write(stream, [.. optimizer.State.Select(moment => moment.Value.ToNamedArray(moment.Name))]),
            [StateName] = stream => JsonSerializer.Serialize(stream, state, Format),
        };

    /// <exception cref="InvalidDataException">The weights are of another network, or damaged.</exception>
    public static void RestoreWeights(Checkpoint checkpoint, ISegmentationNetwork network)
    {
        string path = checkpoint.File(WeightsName);
        TensorArrays.Restore(path, SafetensorsFile.Read(path).Arrays, network.Parameters.All.Select(p => (p.Name, p.Value)));
    }

    /// <summary>Restores everything that a run needs to go on.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is of another configuration, or damaged.</exception>
    public static TrainingState Restore(Checkpoint checkpoint, ISegmentationNetwork network, AdamOptimizer optimizer)
    {
        RestoreWeights(checkpoint, network);
        string path = checkpoint.File(OptimizerName);
        TensorArrays.Restore(path, SafetensorsFile.Read(path).Arrays, optimizer.State);
        return JsonFile.Read<TrainingState>(checkpoint.File(StateName), Format, MostBytesOfState);
    }
}
