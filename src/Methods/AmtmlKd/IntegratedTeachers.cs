using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Schedules;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>
/// What a student learns from the outputs of several teachers, which become one target by weights of each sample, and how these
/// weights are learnt.
/// </summary>
internal sealed class IntegratedTeachers
{
    /// <summary>By which the adapter's rate falls at its milestones.</summary>
    private const double AdapterDecay = 0.1;

    private readonly Backend backend;
    private readonly AmtmlConfig settings;
    private readonly bool reference;
    private readonly int count;

    /// <param name="backend">Computes.</param>
    /// <param name="count">Teachers, at least two.</param>
    /// <param name="channels">Of what the student makes of a whole sample.</param>
    /// <param name="config">All settings.</param>
    /// <param name="place">Of the adapter's optimizer among the method's.</param>
    public IntegratedTeachers(Backend backend, int count, int channels, TrainingConfig config, int place)
    {
        (this.backend, this.count, settings) = (backend, count, ((AmtmlKdConfig)config.Own).Amtml);
        reference = config.Compat == Compatibility.Reference;
        if (settings.Weighting == TeacherWeighting.Equal)
            return;
        Adapter = new TeacherAdapter(backend.Device, count, channels, (ulong)config.Training.Seed);
        Module = new TrainingModule(TeacherAdapter.Name, Adapter.Parameters);
        Optimizer = OptimizerOf(Adapter.Parameters, place);
    }

    /// <summary>Weighs the teachers; null where all weigh alike. So are its module and optimizer.</summary>
    public TeacherAdapter? Adapter { get; }

    public TrainingModule? Module { get; }

    public ModuleOptimizer? Optimizer { get; }

    /// <summary>The phases of a training: the weights may be learnt in the first steps only.</summary>
    public static IReadOnlyList<TrainingPhase> PhasesOf(AmtmlConfig settings) =>
        settings.Teachers.Count > 0 && settings.AdapterSteps > 0
            ? [new TrainingPhase("teachers' weights, hints and student", settings.AdapterSteps), new("student")]
            : [new("training")];

    /// <summary>The losses by the teachers' outputs.</summary>
    /// <param name="tape">Of the student's pass.</param>
    /// <param name="logits">(samples, ..., classes), of the student.</param>
    /// <param name="features">b, (samples, channels): what the student makes of whole samples.</param>
    /// <param name="outputs">Logits of each teacher, as the student's.</param>
    /// <param name="labels">uint8 (samples, ...).</param>
    /// <param name="learnsWeights">Whether the teachers' weights are learnt in this phase.</param>
    public IReadOnlyList<WeightedLoss> Losses(
        Tape tape,
        Variable logits,
        Variable features,
        IReadOnlyList<Variable> outputs,
        Tensor labels,
        bool learnsWeights
    )
    {
        double temperature = settings.Temperature;
        bool fromLabels = settings.WeightsFrom == WeightsSource.Labels;
        Variable weights = Adapter is null
            ? Equal(tape, logits)
            : Adapter.Weights(tape, fromLabels ? tape.StopGradient(features) : features);
        if (!learnsWeights)
            weights = tape.StopGradient(weights);
        Variable target = AmtmlKdLoss.Target(tape, weights, outputs, temperature);
        var losses = new List<WeightedLoss>();
        if (Adapter is not null && learnsWeights && fromLabels)
        {
            losses.Add(new("weights", AmtmlKdLoss.Surprise(tape, target, labels)));
            target = tape.StopGradient(target);
        }

        losses.Add(
            new(
                "kd",
                AmtmlKdLoss.Divergence(tape, target, logits, temperature),
                settings.Lambda * 2 * temperature * temperature / (reference ? logits.Shape[^1] : 1)
            )
        );
        Variable softened = tape.Scale(logits, 1 / temperature),
            predictions = reference ? tape.LogSoftmax(softened) : tape.Softmax(softened);
        if (settings.Angle > 0)
            losses.Add(new("angle", tape.RkdAngle(predictions, target), settings.Angle));
        if (settings.Distance > 0)
            losses.Add(new("distance", tape.RkdDistance(predictions, target), settings.Distance));
        return losses;
    }

    /// <summary>(samples, teachers).</summary>
    private Variable Equal(Tape tape, Variable logits)
    {
        Tensor equal = tape.Allocate(new Shape(logits.Shape[0], count), logits.DType);
        backend.Fill(equal, 1.0 / count);
        return tape.Input(equal);
    }

    private ModuleOptimizer OptimizerOf(ParameterStore parameters, int place)
    {
        Parameter[] trained = [.. parameters.Trainable];
        var sgd = new Sgd(
            backend,
            trained.Select(p => new OptimizedTensor(p.Name, p.Value, IsDecayed: true)),
            settings.AdapterMomentum,
            // The penalty is on squared norms, the decay on half of them.
            weightDecay: 2 * settings.AdapterPenalty
        )
        {
            RateSlot = place,
        };
        return new ModuleOptimizer(
            TeacherAdapter.Name,
            sgd,
            trained,
            new MultiStepDecay(settings.AdapterRate, AdapterDecay, settings.AdapterMilestones.Steps)
        );
    }
}
