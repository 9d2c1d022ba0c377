using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>What a training step is of: fixed for a run.</summary>
/// <param name="Backend">Computes.</param>
/// <param name="Network">Is trained.</param>
/// <param name="Trained">Its parameters that the optimizer updates, in the optimizer's order.</param>
/// <param name="Loss">Weights of the loss terms.</param>
/// <param name="Optimizer">Updates.</param>
/// <param name="Seed">Key of the dropout masks.</param>
internal sealed record TrainingTask(
    Backend Backend,
    ISegmentationNetwork Network,
    IReadOnlyList<Parameter> Trained,
    LossSettings Loss,
    Adam Optimizer,
    ulong Seed
)
{
    /// <summary>Where in the optimizer's order a parameter is.</summary>
    public IReadOnlyDictionary<Variable, int> Places { get; } =
        Trained.Index().ToDictionary(trained => trained.Item.Variable, trained => trained.Index);
}

/// <summary>
/// The device's work in one step, in two parts between which the host looks at the loss: neither part waits for the device, so
/// both can be recorded. Tensors live in the
/// scope that is open.
/// </summary>
/// <param name="task">What is trained.</param>
/// <param name="step">Number of the step.</param>
/// <param name="rate">Learning rate.</param>
/// <param name="images">(samples, depth, height, width, channels).</param>
/// <param name="labels">uint8 class of each position.</param>
/// <param name="modality">Modality of each sample.</param>
internal sealed class TrainingPass(
    TrainingTask task,
    long step,
    double rate,
    Tensor images,
    Tensor labels,
    ModalityIndex modality
)
{
    private readonly ForwardContext context = new(new Tape(task.Backend), modality, Training: true, task.Seed, step);
    private Variable? logits;

    /// <summary>Sizes and weights of the loss.</summary>
    public SegmentationLossProblem Problem { get; } = task.Loss.ProblemOf(images.Shape.With(^1, task.Network.Classes), modality);

    /// <summary>What <see cref="Forward"/> leaves for the loss terms, in float64.</summary>
    public Tensor Sums => field ??= Tensor.Allocate(images.Device, Problem.SumsShape, DType.Float64);

    /// <summary>Where <see cref="Backward"/> reads the coefficients of the loss terms, in float64.</summary>
    public Tensor Coefficients => field ??= Tensor.Allocate(images.Device, Problem.CoefficientsShape, DType.Float64);

    /// <summary>From the images to the sums that make the loss.</summary>
    public void Forward()
    {
        logits = task.Network.Forward(context, new Variable(images));
        Problem.Validate(labels.Shape);
        task.Backend.SegmentationLossSums(Problem, logits.Value, labels, Sums);
    }

    /// <summary>From the loss's coefficients to new running statistics and parameters.</summary>
    public void Backward()
    {
        context.CommitUpdates();
        Tensor gradient = Tensor.Allocate(images.Device, logits!.Shape, logits.DType);
        task.Backend.SegmentationLossGradient(Problem, logits.Value, labels, Coefficients, gradient);
        Tape.Release(logits);
        try
        {
            if (task.Backend.UpdatesTogether)
            {
                context.Tape.Backward(logits, gradient);
                task.Optimizer.Step(step, rate, task.Trained.Select(p => p.Variable.Gradient));
            }
            else
            {
                context.Tape.Backward(logits, gradient, Update);
            }
        }
        finally
        {
            task.Network.Parameters.ClearGradients();
        }
    }

    private void Update(Variable parameter)
    {
        if (task.Places.TryGetValue(parameter, out int place))
            task.Optimizer.Step(step, rate, place, parameter.Gradient!);
        parameter.ClearGradient();
    }
}
