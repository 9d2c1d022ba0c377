using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>
/// One step of unpaired multi-modal training: all modalities forward as one batch, their losses and the distillation between them,
/// backward, one Adam update with L2 on the kernels. Dou et al. 2020, arXiv:2001.03111.
/// </summary>
public sealed class TrainingStep : IDisposable
{
    private readonly Backend backend;
    private readonly LossSettings loss;
    private readonly StepDecay schedule;
    private readonly ulong seed;
    private readonly Parameter[] trained;
    private readonly bool penalizesAll;

    public TrainingStep(Backend backend, ISegmentationNetwork network, LossSettings loss, OptimizerSettings optimizer, ulong seed)
    {
        (this.backend, Network, this.loss, this.seed, penalizesAll) = (backend, network, loss, seed, optimizer.PenalizesAll);
        schedule = optimizer.Schedule;
        trained = [.. network.Parameters.Trainable];
        Optimizer = new AdamOptimizer(
            backend, trained.Select(p => new OptimizedTensor(p.Name, p.Value, IsDecayed: IsPenalized(p))),
            optimizer.Beta1, optimizer.Beta2, optimizer.Epsilon, optimizer.L2);
    }

    public ISegmentationNetwork Network { get; }

    public AdamOptimizer Optimizer { get; }

    /// <summary>Learning rate of a step.</summary>
    public double LearningRate(long step) => schedule.At(step);

    /// <summary>Trains on one batch.</summary>
    /// <param name="step">Number of the step, from 1.</param>
    /// <param name="images">(samples, depth, height, width, channels).</param>
    /// <param name="imageShape">Shape of <paramref name="images"/>.</param>
    /// <param name="labels">Class of each position.</param>
    /// <param name="modality">Modality of each sample.</param>
    /// <exception cref="NonFiniteLossException">A loss is NaN or infinite; the parameters are unchanged.</exception>
    public SegmentationLossTerms Run(long step, ReadOnlySpan<float> images, Shape imageShape, ReadOnlySpan<byte> labels, ModalityIndex modality)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        var tape = new Tape(backend);
        var context = new ForwardContext(tape, modality, Training: true, seed, step);
        var input = new Variable(Tensor.From(backend.Device, imageShape, images));
        Tensor truth = Tensor.From(backend.Device, new Shape(imageShape.AsSpan()[..^1]), labels);

        Variable logits = Network.Forward(context, input);
        (Variable total, SegmentationLossTerms terms) = tape.SegmentationLosses(loss.ProblemOf(logits.Shape, modality), logits, truth);
        RequireFinite(step, terms);
        context.CommitUpdates();
        tape.Backward(total);
        Optimizer.Step(step, LearningRate(step), trained.Select(p => p.Variable.Gradient));
        Network.Parameters.ClearGradients();
        return terms;
    }

    /// <summary>The L2 term of the loss, l2 / 2 * sum of what it penalizes, squared; its gradient is part of the optimizer's update.</summary>
    public double L2Penalty()
    {
        double squares = 0;
        foreach (Parameter penalized in trained.Where(IsPenalized))
        {
            using TensorScope scope = TensorScope.Open(backend.Device);
            var tape = new Tape(backend, recording: false);
            squares += tape.Sum(tape.Multiply(penalized.Variable, penalized.Variable)).Value.ToScalar();
        }

        return 0.5 * Optimizer.L2 * squares;
    }

    public void Dispose() => Optimizer.Dispose();

    private bool IsPenalized(Parameter parameter) => penalizesAll || parameter.Kind == ParameterKind.Kernel;

    private static void RequireFinite(long step, SegmentationLossTerms terms)
    {
        for (int m = 0; m < terms.Dice.Length; m++)
        {
            Require($"Dice loss of modality {m}", terms.Dice[m]);
            Require($"cross-entropy of modality {m}", terms.CrossEntropy[m]);
        }

        Require("distillation loss", terms.Distillation);

        void Require(string term, double value)
        {
            if (!double.IsFinite(value))
                throw new NonFiniteLossException(step, term, value);
        }
    }
}
