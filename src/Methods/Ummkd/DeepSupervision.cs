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
/// The loss on labels of a network's coarser stages, beside that of its output: level l counts 2^-l of the whole, the output
/// being level 0, and all levels together count 1. Isensee et al. 2021 (nnU-Net).
/// </summary>
internal sealed class DeepSupervision : ILossAddition
{
    private readonly DeepHeads heads;
    private readonly LossConfig settings;
    private readonly int classes;

    /// <param name="network">Whose coarser stages learn.</param>
    /// <param name="levels">How many of them.</param>
    /// <param name="settings">Weights of the terms on labels.</param>
    /// <param name="seed">Of the heads' weights.</param>
    public DeepSupervision(ISegmentationNetwork network, int levels, LossConfig settings, ulong seed)
    {
        (heads, this.settings, classes) = (new DeepHeads(network, levels, seed), settings, network.Classes);
        Modules = [new TrainingModule("deep_supervision", heads.Parameters)];
    }

    public IReadOnlyList<TrainingModule> Modules { get; }

    /// <summary>What a level's loss counts; 1 for the output where there is no other level.</summary>
    /// <param name="level">0 for the output, then the coarser ones.</param>
    /// <param name="coarse">How many coarser ones there are.</param>
    public static double WeightOf(int level, int coarse) => Math.Pow(2, -level) / (2 - Math.Pow(2, -coarse));

    public ISampleSource Extend(ISampleSource samples) => new CoarseLabels(samples, heads.Stages);

    public IAddedTerm TermOf(DeviceBatch batch, Func<Shape, DType, Tensor> exchange) => new Term(this, batch, exchange);

    private sealed class Term : IAddedTerm
    {
        private readonly DeepHeads heads;
        private readonly LossConfig settings;
        private readonly Level[] levels;

        public Term(DeepSupervision owner, DeviceBatch batch, Func<Shape, DType, Tensor> exchange)
        {
            (heads, settings) = (owner.heads, owner.settings);
            levels =
            [
                .. heads.Stages.Select(
                    (_, level) =>
                    {
                        Tensor labels = batch[CoarseLabels.NameOf(level)];
                        SegmentationLossProblem problem = LabelLoss
                            .ProblemOf(settings, new Shape([.. labels.Shape.AsSpan(), owner.classes]), batch.Groups)
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

        public IReadOnlyList<NetworkStage> Stages => [.. heads.Stages.Select(level => level.Stage)];

        public void Forward(ForwardContext context, FeatureTaps taps)
        {
            foreach ((Level level, Variable logits) in levels.Zip(heads.Forward(context, taps)))
            {
                level.Logits = logits;
                context.Tape.Backend.SegmentationLossSums(level.Problem, logits.Value, level.Labels, level.Sums);
            }
        }

        public (double Total, IReadOnlyList<LossTerm> Terms) Decide(IReadOnlyList<SegmentationSums> sums)
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

        public Variable Join(Tape tape, Variable total)
        {
            foreach (Level level in levels)
            {
                Tensor own = Tensor.Allocate(tape.Device, level.Logits!.Shape, level.Logits.DType);
                tape.Backend.SegmentationLossGradient(level.Problem, level.Logits.Value, level.Labels, level.Coefficients, own);
                total = tape.Add(total, tape.Sum(tape.Multiply(level.Logits, new Variable(own))));
            }

            return total;
        }

        private sealed record Level(Tensor Labels, SegmentationLossProblem Problem, Tensor Sums, Tensor Coefficients)
        {
            public Variable? Logits { get; set; }
        }
    }
}
