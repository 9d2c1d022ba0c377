using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// One step in which the modalities take turns: each in its turn is segmented, goes backward and updates the weights, so that the
/// next one meets them as the one before left them. MulModSeg (Li et al. 2024, arXiv:2411.15576) alternates so between CT and MR;
/// that a step has a turn of each, on the samples that it would have had together, is ours. Adam corrects its bias by the number
/// of the step, not of the turn.
/// </summary>
internal sealed class AlternatingPlan : StepPlan
{
    private readonly UmmkdMethod method;
    private readonly long step;
    private readonly DeviceBatch batch;

    public AlternatingPlan(UmmkdMethod method, long step, DeviceBatch batch)
        : base(method.Backend.Device)
    {
        (this.method, this.step, this.batch) = (method, step, batch);
        Turn[] turns = [.. batch.Groups.Runs().Select(run => new Turn(this, run.Modality, run.First, run.Count))];

        // A part that changes weights and then convolves with them cannot be recorded: each turn has parts of its own.
        Parts = [.. turns.SelectMany(turn => new[] { new StepPart(turn.Forward, turn.Decide), new StepPart(turn.Backward) })];
    }

    public override IReadOnlyList<StepPart> Parts { get; }

    /// <summary>One modality's samples, which follow each other in the batch.</summary>
    private sealed class Turn
    {
        private readonly AlternatingPlan plan;
        private readonly int modality,
            first,
            samples;
        private readonly ForwardContext context;
        private readonly SegmentationLossProblem problem;
        private readonly Tensor sums,
            coefficients;
        private Variable? logits;
        private Tensor? labels;

        public Turn(AlternatingPlan plan, int modality, int first, int samples)
        {
            (this.plan, this.modality, this.first, this.samples) = (plan, modality, first, samples);
            UmmkdMethod method = plan.method;
            var group = ModalityIndex.Single(plan.batch.Groups.Modalities, modality, samples);
            context = new ForwardContext(new Tape(method.Backend), group, Training: true, method.Seed, plan.step);
            Shape images = plan.batch[VariedSamples.Images].Shape.With(0, samples);
            problem = LabelLoss.ProblemOf(method.Loss.Labels, images.With(^1, method.Network.Classes), group);
            sums = plan.Exchange(problem.SumsShape, DType.Float64);
            coefficients = plan.Exchange(problem.CoefficientsShape, DType.Float64);
        }

        private UmmkdMethod Method => plan.method;

        public void Forward()
        {
            labels = OwnPartOf(VariedSamples.Labels);
            logits = Method.Network.Forward(context, new Variable(OwnPartOf(VariedSamples.Images)));
            Method.Backend.SegmentationLossSums(problem, logits.Value, labels, sums);
        }

        public LossReport Decide()
        {
            LossConfig weights = Method.Loss.Labels;
            var derivatives = new LossCoefficients(problem);
            var losses = new DiceCrossEntropy(
                SegmentationSums.Of(problem, sums.ToArray<double>()),
                weights.DiceWeight,
                weights.CeWeight,
                derivatives
            );
            coefficients.Load<double>(derivatives.Values);
            return new LossReport(losses.Total, [.. LabelLoss.TermsOf(losses, modality, Method.Modalities[modality])]);
        }

        public void Backward()
        {
            context.CommitUpdates();
            Tensor gradient = Tensor.Allocate(Method.Backend.Device, logits!.Shape, logits.DType);
            Method.Backend.SegmentationLossGradient(problem, logits.Value, labels!, coefficients, gradient);
            Tape.Release(logits);
            Method.Update.Run(context.Tape, logits, gradient, plan.step);
        }

        private Tensor OwnPartOf(string name)
        {
            Tensor all = plan.batch[name];
            return all.Part(first * (all.Count / all.Shape[0]), all.Shape.With(0, samples));
        }
    }
}
