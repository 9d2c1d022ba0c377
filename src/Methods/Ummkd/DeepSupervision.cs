using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// The loss on labels of a network's coarser stages in a step, beside that of its output: level l counts 2^-l of the whole, the
/// output being level 0, and all levels together count 1. Isensee et al. 2021 (nnU-Net).
/// </summary>
internal sealed class DeepSupervision
{
    /// <summary>Name of the heads among a method's modules.</summary>
    public const string Name = "deep_supervision";

    private readonly Backend backend;
    private readonly DeepHeads heads;
    private readonly LossConfig settings;
    private readonly DeviceBatch batch;
    private readonly Level[] levels;

    /// <param name="backend">Computes.</param>
    /// <param name="heads">Read the stages.</param>
    /// <param name="settings">Weights of the terms on labels.</param>
    /// <param name="batch">What the step trains on.</param>
    /// <param name="classes">With background.</param>
    /// <param name="exchange">Makes a tensor that decisions read or load.</param>
    public DeepSupervision(
        Backend backend,
        DeepHeads heads,
        LossConfig settings,
        DeviceBatch batch,
        int classes,
        Func<Shape, DType, Tensor> exchange
    )
    {
        (this.backend, this.heads, this.settings, this.batch) = (backend, heads, settings, batch);
        levels =
        [
            .. heads.Stages.Select(
                (_, level) =>
                {
                    Tensor labels = batch[CoarseLabels.NameOf(level)];
                    SegmentationLossProblem problem = LabelLoss
                        .ProblemOf(settings, new Shape([.. labels.Shape.AsSpan(), classes]), batch.Groups)
                        .Validate(labels.Shape);
                    return new Level(
                        labels,
                        problem,
                        exchange(problem.SumsShape, DType.Float64),
                        exchange(problem.CoefficientsShape, DType.Float64)
                    );
                }
            ),
        ];
    }

    /// <summary>What a level's loss counts; 1 for the output where there is no other level.</summary>
    /// <param name="level">0 for the output, then the coarser ones.</param>
    /// <param name="coarse">How many coarser ones there are.</param>
    public static double WeightOf(int level, int coarse) => Math.Pow(2, -level) / (2 - Math.Pow(2, -coarse));

    /// <summary>From the features to the sums that make the losses.</summary>
    public void Forward(ForwardContext context, FeatureTaps taps)
    {
        foreach ((Level level, Variable logits) in levels.Zip(heads.Forward(context, taps)))
        {
            level.Logits = logits;
            backend.SegmentationLossSums(level.Problem, logits.Value, level.Labels, level.Sums);
        }
    }

    /// <summary>The losses of the levels, and what they add to the whole; their coefficients are loaded.</summary>
    public (double Total, IReadOnlyList<LossTerm> Terms) Decide()
    {
        double total = 0;
        List<LossTerm> terms = [];
        foreach ((int i, Level level) in levels.Index())
        {
            double weight = WeightOf(i + 1, levels.Length);
            var coefficients = new LossCoefficients(level.Problem);
            var losses = new DiceCrossEntropy(
                SegmentationSums.Of(level.Problem, level.Sums.ToArray<double>()),
                weight * settings.DiceWeight,
                weight * settings.CeWeight,
                coefficients
            );
            level.Coefficients.Load<double>(coefficients.Values);
            total += losses.Total;
            string stage = heads.Stages[i].Stage.Name;
            terms.Add(new LossTerm($"deep_{stage}", losses.Total / weight, $"loss on labels of the network's stage {stage}"));
        }

        return (total, terms);
    }

    /// <summary>A number whose gradient is that of the whole loss, so that all goes back in one pass.</summary>
    /// <param name="tape">Of the pass.</param>
    /// <param name="logits">The network's.</param>
    /// <param name="gradient">Of the loss of its output.</param>
    public Variable Join(Tape tape, Variable logits, Tensor gradient)
    {
        Variable total = Product(logits, gradient);
        foreach (Level level in levels)
        {
            Tensor own = Tensor.Allocate(backend.Device, level.Logits!.Shape, level.Logits.DType);
            backend.SegmentationLossGradient(level.Problem, level.Logits.Value, level.Labels, level.Coefficients, own);
            total = tape.Add(total, Product(level.Logits, own));
        }

        return total;

        Variable Product(Variable variable, Tensor derivative) => tape.Sum(tape.Multiply(variable, new Variable(derivative)));
    }

    private sealed record Level(Tensor Labels, SegmentationLossProblem Problem, Tensor Sums, Tensor Coefficients)
    {
        public Variable? Logits { get; set; }
    }
}
