using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>A network whose last layers learn and decay faster than the others, as published.</summary>
internal sealed class TwoRates
{
    /// <summary>Name of the last layers' optimizer in checkpoints.</summary>
    private const string Heads = "heads";

    private readonly NetworkOptimizer body,
        heads;

    /// <param name="backend">Computes.</param>
    /// <param name="network">Its layer "logits" is one of the last ones.</param>
    /// <param name="others">That learn as fast.</param>
    /// <param name="config">Rate, decay and optimizer of the other layers.</param>
    /// <param name="factor">How much faster.</param>
    public TwoRates(Backend backend, ParameterStore network, IEnumerable<Parameter> others, TrainingConfig config, double factor)
    {
        ILookup<bool, Parameter> isLast = network.Trainable.ToLookup(parameter =>
            parameter.Name.StartsWith("logits.", StringComparison.Ordinal)
        );
        body = new NetworkOptimizer(backend, [.. isLast[false]], config.Optimizer, config.Training, config.Loss, 1, "", 0);
        heads = new NetworkOptimizer(
            backend,
            [.. isLast[true], .. others],
            config.Optimizer with
            {
                LearningRate = factor * config.Optimizer.LearningRate,
            },
            config.Training,
            config.Loss with
            {
                L2 = factor * config.Loss.L2,
            },
            1,
            Heads,
            1
        );
    }

    public IReadOnlyList<ModuleOptimizer> Modules => field ??= [body.Module, heads.Module];

    /// <summary>The L2 term of the loss.</summary>
    public double Penalty() => body.Penalty() + heads.Penalty();
}
