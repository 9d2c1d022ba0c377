using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods;

/// <summary>
/// The optimizer of a network, with L2 on its kernels or on all that is trained: a term of the loss, whose gradient
/// joins that of the data before Adam's moments or SGD's velocity see it.
/// </summary>
public sealed class NetworkOptimizer
{
    private readonly Backend backend;
    private readonly double l2;
    private readonly bool penalizesAll;

    /// <param name="backend">Computes.</param>
    /// <param name="parameters">Of the network.</param>
    /// <param name="settings">Which optimizer, and its numbers.</param>
    /// <param name="training">How long the schedule is, and what is frozen: it is not updated, not penalized, and no pass computes
    /// its gradient.</param>
    /// <param name="loss">Weight of L2, and what it is on.</param>
    /// <param name="modalities">Counts of the penalty where it is on all.</param>
    /// <param name="name">In checkpoints; empty for a method's only one.</param>
    /// <param name="place">Among the method's optimizers.</param>
    public NetworkOptimizer(
        Backend backend,
        ParameterStore parameters,
        OptimizerConfig settings,
        ScheduleConfig training,
        LossConfig loss,
        int modalities,
        string name = "",
        int place = 0
    )
        : this(backend, [.. parameters.Trainable], settings, training, loss, modalities, name, place) { }

    /// <summary>Of some of a network's parameters.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="trained">Those that it updates.</param>
    /// <param name="settings">Which optimizer, and its numbers.</param>
    /// <param name="training">How long the schedule is.</param>
    /// <param name="loss">Weight of L2, and what it is on.</param>
    /// <param name="modalities">Counts of the penalty where it is on all.</param>
    /// <param name="name">In checkpoints; empty for a method's only one.</param>
    /// <param name="place">Among the method's optimizers.</param>
    public NetworkOptimizer(
        Backend backend,
        IReadOnlyList<Parameter> trained,
        OptimizerConfig settings,
        ScheduleConfig training,
        LossConfig loss,
        int modalities,
        string name,
        int place
    )
    {
        (this.backend, penalizesAll) = (backend, loss.L2On == PenalizedParameters.All);
        l2 = penalizesAll ? modalities * loss.L2 : loss.L2;
        Parameter[] learning = [.. trained.Where(parameter => !training.Freeze.Matches(parameter.Name))];
        foreach (Parameter frozen in trained.Except(learning))
            frozen.Variable.RequiresGradient = false;
        IEnumerable<OptimizedTensor> targets = learning.Select(p => new OptimizedTensor(p.Name, p.Value, IsPenalized(p)));
        IOptimizer optimizer = settings.Name switch
        {
            OptimizerName.Adam => new Adam(backend, targets, settings.Beta1, settings.Beta2, settings.Epsilon, l2)
            {
                RateSlot = place,
            },
            OptimizerName.Sgd => new Sgd(backend, targets, settings.Momentum, l2, settings.Nesterov) { RateSlot = place },
            _ => throw new ArgumentOutOfRangeException(nameof(settings), settings.Name, "no such optimizer"),
        };
        Module = new ModuleOptimizer(name, optimizer, learning, settings.ScheduleFor(training.Steps)) { Clip = settings.Clip };
    }

    public ModuleOptimizer Module { get; }

    /// <summary>
    /// The L2 term of the loss, l2 / 2 * sum of what it penalizes, squared; its gradient is part of the optimizer's update.
    /// </summary>
    public double Penalty()
    {
        double squares = 0;
        foreach (Parameter penalized in Module.Trained.Where(IsPenalized))
        {
            using TensorScope scope = TensorScope.Open(backend.Device);
            var tape = new Tape(backend, recording: false);
            squares += tape.Sum(tape.Multiply(penalized.Variable, penalized.Variable)).Value.ToScalar();
        }

        return 0.5 * l2 * squares;
    }

    private bool IsPenalized(Parameter parameter) => penalizesAll || parameter.Kind == ParameterKind.Kernel;
}
