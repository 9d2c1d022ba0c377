using System.Globalization;
using UnpairedSegEngine.Backends.Recording;

namespace UnpairedSegEngine.Training;

/// <summary>Device memory of a recorded training step, all of which stands before the step runs; bytes.</summary>
/// <param name="Launches">Kernels of a step.</param>
/// <param name="Weights">Of all modules, with running statistics.</param>
/// <param name="Prepared">Weights in the order in which kernels read them, and dropout masks.</param>
/// <param name="Optimizer">The optimizers' state, and averaged weights.</param>
/// <param name="Peak">The most that activations, gradients and workspace take at a time.</param>
/// <param name="Workspace">The most of it that single operations take while they run.</param>
/// <param name="Reserved">Everything held from the device, with what blocks of fixed sizes cost.</param>
internal sealed record MemoryPlan(
    int Launches,
    long Weights,
    long Prepared,
    long Optimizer,
    long Peak,
    long Workspace,
    long Reserved
)
{
    public static MemoryPlan Of(TrainingMethod method, IRecording recording) =>
        new(
            recording.Launches,
            method.Modules.SelectMany(module => module.Parameters.All).Sum(parameter => parameter.Value.Bytes),
            recording.PreparedBytes,
            method.Optimizers.SelectMany(optimizer => optimizer.State).Sum(moment => moment.Value.Bytes)
                + (method.Average?.Bytes ?? 0),
            recording.PeakBytes,
            recording.WorkspaceBytes,
            method.Backend.Device.Pool.ReservedBytes
        );

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"a step is a graph of {Launches} kernels; device memory: weights {Text(Weights)}, packed for the kernels "
                + $"and dropout masks {Text(Prepared)}, optimizer {Text(Optimizer)}, activations, gradients and workspace {Text(Peak)} (workspace "
                + $"{Text(Workspace)}), held in all {Text(Reserved)}"
        );

    private static string Text(long bytes) => (bytes / (double)(1 << 20)).ToString("N1", CultureInfo.InvariantCulture) + " MiB";
}
