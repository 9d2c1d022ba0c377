using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>
/// Where a <see cref="BatchLoader"/> takes its samples from. Implementations are drawn from by several threads at once.
/// </summary>
public interface ISampleSource
{
    /// <summary>Names of the groups (modalities) that samples are drawn of; a batch has as many samples of each.</summary>
    IReadOnlyList<string> Groups { get; }

    /// <summary>What every sample has.</summary>
    IReadOnlyList<TensorKind> Tensors { get; }

    /// <summary>What the device makes of the tensors before a method sees them; null where it sees them as they are.</summary>
    IBatchPreparation? Preparation => null;

    /// <summary>The size of a sample, for a person: "256x256x3".</summary>
    string Description { get; }

    /// <summary>Draws one sample: the same stream gives the same sample.</summary>
    /// <param name="group">Which group to draw from.</param>
    /// <param name="stream">The random numbers that decide which sample, and how it is varied.</param>
    /// <param name="sample">Receives it.</param>
    /// <returns>Which sample it is.</returns>
    SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample);
}
