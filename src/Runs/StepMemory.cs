using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Runs;

/// <summary>
/// The memory that training takes while it steps and saves, computed from the shapes of one step before anything is trained;
/// bytes. Not in it: volumes while they are read, for training or validation, and what a GPU's recorded steps hold beside
/// their tensors.
/// </summary>
/// <param name="Weights">Of all modules, with running statistics.</param>
/// <param name="Optimizer">The optimizers' state, and averaged weights.</param>
/// <param name="Working">The most that activations, gradients and inputs take at a time.</param>
/// <param name="Batches">Batches that are prepared ahead, on the host.</param>
/// <param name="Cases">Prepared cases, or images, on the host.</param>
public sealed record StepMemory(long Weights, long Optimizer, long Working, long Batches, long Cases)
{
    /// <summary>The runtime, code and libraries.</summary>
    public const long Program = 110L << 20;

    private const double Beside = 0.3;

    /// <summary>Batches of the loader beside the one in use.</summary>
    private const int Ahead = 3;

    /// <summary>What tensors and the operations on them take, on the device.</summary>
    public long OnDevice => Weights + Optimizer + Working + Scratch;

    /// <summary>
    /// Working memory of single operations and gaps between blocks: the share of <see cref="Working"/> that was measured on the
    /// processor (docs/plan.md).
    /// </summary>
    public long Scratch => (long)(Beside * Working);

    /// <summary>A checkpoint while it is written: what it holds, and half of it on its way to files; measured.</summary>
    public long Checkpoint => (Weights + Optimizer) * 3 / 2;

    /// <summary>What the process takes beside them.</summary>
    public long OnHost => Batches + Cases + Checkpoint + Program;

    /// <summary>Both together: what training on the processor takes.</summary>
    public long Total => OnDevice + OnHost;

    /// <summary>By a step on a device without memory.</summary>
    /// <param name="create">Makes the method on a backend.</param>
    /// <param name="samples">What batches would be drawn from; nothing is.</param>
    /// <param name="config">Says how large batches are.</param>
    /// <param name="cases">Bytes of prepared cases or images.</param>
    /// <exception cref="InvalidDataException">The method needs something that is not there, such as a teacher.</exception>
    internal static StepMemory Of(Func<Backend, TrainingMethod> create, ISampleSource samples, TrainingConfig config, long cases)
    {
        using Device device = Device.OpenWithoutMemory();
        using var shapes = new ShapeBackend(device);
        using TrainingMethod method = create(shapes);
        if (config.Training.Average > 0)
            method.AverageWeights(config.Training.Average);
        ISampleSource extended = method.Extend(samples);
        using var batch = new LoadedBatch(extended, config.Training.Batch, _ => { });
        foreach (TrainingPhase phase in method.Phases)
            DryStep.Run(method, batch, Math.Min(phase.LastStep, config.Training.Steps));
        long weights = method.Modules.SelectMany(module => module.Parameters.All).Sum(parameter => parameter.Value.Bytes),
            optimizer =
                method.Optimizers.SelectMany(o => o.State).Sum(moment => moment.Value.Bytes) + (method.Average?.Bytes ?? 0);
        return new StepMemory(
            weights,
            optimizer,
            device.Pool.PeakLiveBytes - weights - optimizer,
            Ahead * batch.Tensors.Sum(tensor => tensor.Bytes),
            cases
        );
    }

    /// <summary>Refuses a step that will not fit.</summary>
    /// <param name="limit">What the processor may take.</param>
    /// <param name="device">Where tensors lie.</param>
    /// <param name="config">Its values are what can be lowered.</param>
    /// <exception cref="OutOfMemoryException">It will not.</exception>
    public void Require(MemoryLimit limit, Device device, TrainingConfig config)
    {
        if ((device.IsHost ? Total : OnHost) is var needed && needed > limit.Bytes)
            throw new OutOfMemoryException($"{this}; {limit.Origin} is {Text(limit.Bytes)}: lower {WhatToLower(config)}");
        if (!device.IsHost && OnDevice > device.Accelerator.MemorySize)
            throw new OutOfMemoryException(
                $"{this}; the device has no room for all but data and batches, only {Text(device.Accelerator.MemorySize)}; use a "
                    + $"smaller batch, image size or channel count: lower {WhatToLower(config)}"
            );
    }

    /// <summary>The sum and its parts, for a person.</summary>
    public override string ToString() =>
        $"training takes about {Text(Total)} of memory: weights {Text(Weights)}, optimizer {Text(Optimizer)}, activations and "
        + $"gradients {Text(Working)}, scratch {Text(Scratch)}, batches {Text(Batches)}, checkpoints {Text(Checkpoint)}, data {Text(Cases)}, program {Text(Program)}";

    /// <summary>The largest part first.</summary>
    private string WhatToLower(TrainingConfig config)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        bool isOfVolumes = config.Method.Task == TrainingTask.Volumes;
        string batch = string.Create(culture, $"training.batch ({config.Training.Batch})"),
            width = isOfVolumes
                ? string.Create(culture, $"network.channels ({config.Network.Channels})")
                : string.Create(culture, $"classifier.width ({config.Classifier.Width})"),
            size = isOfVolumes
                ? string.Create(culture, $"data.size ({config.Data.Size})")
                : string.Create(culture, $"classifier.side ({config.Classifier.Side})");
        if (Cases > Working && Cases > Weights + Optimizer)
            return isOfVolumes
                ? $"the number of voxels by a coarser data.spacing ({config.Data.Spacing}) or data.limit"
                : "images.limit";
        return Working > Weights + Optimizer ? $"{batch}, {size} or {width}" : width;
    }

    internal static string Text(long bytes) =>
        bytes >= 1L << 30
            ? (bytes / (double)(1L << 30)).ToString("0.0", CultureInfo.InvariantCulture) + " GiB"
            : (bytes / (double)(1L << 20)).ToString("0", CultureInfo.InvariantCulture) + " MiB";
}
