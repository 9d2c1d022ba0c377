using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Training;

/// <summary>
/// What is trained, by which optimizers, and what a step does. The trainer knows nothing else of a method: it brings batches,
/// runs plans, keeps records and checkpoints. Everything random in a step follows from seed and step, so that nothing
/// but the tensors of modules and optimizers and <see cref="State"/> has to be kept.
/// </summary>
/// <param name="backend">Computes.</param>
/// <param name="seed">Of initial weights and dropout.</param>
public abstract class TrainingMethod(Backend backend, ulong seed) : IDisposable
{
    /// <summary>Computes.</summary>
    public Backend Backend { get; } = backend;

    /// <summary>Of initial weights and dropout.</summary>
    public ulong Seed { get; } = seed;

    /// <summary>In the order of checkpoints.</summary>
    public abstract IReadOnlyList<TrainingModule> Modules { get; }

    /// <summary>In the order of checkpoints; the place of one is that of its rate among the numbers of a replayed step.</summary>
    public abstract IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    /// <summary>
    /// Numbers that it keeps from step to step beside modules and optimizers. What a checkpoint does not have is left as it is,
    /// and what only a checkpoint has is of other settings.
    /// </summary>
    public virtual IReadOnlyList<HostNumbers> State { get; } = [];

    /// <summary>Backward passes with the updates of all optimizers.</summary>
    public ParameterUpdate Update => field ??= new ParameterUpdate(Backend, Optimizers);

    /// <summary>One after the other; one for the whole training unless a method says otherwise.</summary>
    public virtual IReadOnlyList<TrainingPhase> Phases { get; } = [new("training")];

    /// <summary>
    /// The step's work. What the plan does for a step it does for any other of the phase, but for what depends on the step's
    /// number: masks of dropout and learning rates.
    /// </summary>
    /// <param name="step">Number of the step, from 1.</param>
    /// <param name="batch">Its tensors may be filled anew and the plan run again.</param>
    public abstract StepPlan Plan(long step, DeviceBatch batch);

    /// <summary>
    /// Running means of the weights of the module that predicts, where there are any: they are what is validated and predicts.
    /// </summary>
    internal WeightAverage? Average { get; private set; }

    /// <summary>Averages the weights of the module that predicts from here on.</summary>
    /// <param name="decay">As of <see cref="WeightAverage"/>.</param>
    internal void AverageWeights(double decay) =>
        Average ??= new WeightAverage(
            Backend,
            Modules.Single(module => module.Name == TrainingModule.Predictor).Parameters,
            decay,
            rateSlot: Optimizers.Count
        );

    /// <summary><see cref="Plan"/>, with the averaging.</summary>
    internal StepPlan WholePlan(long step, DeviceBatch batch)
    {
        StepPlan plan = Plan(step, batch);
        return Average is null ? plan : new AveragingPlan(Backend.Device, plan, Average, step);
    }

    /// <summary>The rates of all updates of a step, by their slots (see <see cref="AdamSettings.RateSlot"/>).</summary>
    internal IReadOnlyList<double> RatesOf(long step) =>
        [
            .. Optimizers.Select(optimizer => optimizer.Optimizer.RateOf(step, optimizer.RateOf(step))),
            .. Average is null ? Array.Empty<double>() : [Average.RateOf(step)],
        ];

    /// <summary>Samples as the method needs them: it may ask for tensors of its own beside those that there are.</summary>
    /// <param name="samples">What it is to be trained on.</param>
    public virtual ISampleSource Extend(ISampleSource samples) => samples;

    /// <summary>What is measured at each validation beside the scores, by name.</summary>
    public virtual IEnumerable<KeyValuePair<string, double>> Measure() => [];

    /// <summary>Place of a step's phase among <see cref="Phases"/>.</summary>
    public int PhaseAt(long step)
    {
        int phase = 0;
        while (phase < Phases.Count - 1 && step > Phases[phase].LastStep)
            phase++;
        return phase;
    }

    /// <summary>Frees optimizers, and the modules that are not frozen.</summary>
    public virtual void Dispose()
    {
        Average?.Dispose();
        foreach (ModuleOptimizer optimizer in Optimizers)
            optimizer.Dispose();
        foreach (TrainingModule module in Modules.Where(module => !module.IsFrozen))
            module.Parameters.Dispose();
        GC.SuppressFinalize(this);
    }
}
