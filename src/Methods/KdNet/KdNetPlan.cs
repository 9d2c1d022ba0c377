using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.KdNet;

/// <summary>
/// One step: teacher and student look at the same samples; the host turns the sums over the student's logits into the loss on
/// labels; then the backward pass of both losses together, and the update of the student.
/// </summary>
internal sealed class KdNetPlan : StepPlan
{
    private readonly KdNetMethod method;
    private readonly long step;
    private readonly DeviceBatch batch;
    private readonly ForwardContext context;
    private readonly SegmentationLossProblem problem;
    private readonly Tensor sums,
        coefficients,
        outputs,
        bottlenecks;
    private Variable? logits,
        distillation;

    public KdNetPlan(KdNetMethod method, long step, DeviceBatch batch)
        : base(method.Backend.Device)
    {
        (this.method, this.step, this.batch) = (method, step, batch);
        context = new ForwardContext(new Tape(method.Backend), batch.Groups, Training: true, method.Seed, step);
        Shape shape = batch[VariedSamples.Images].Shape;
        problem = method
            .ProblemOf(shape.With(^1, method.Network.Classes), batch.Groups)
            .Validate(batch[VariedSamples.Labels].Shape);
        sums = Exchange(problem.SumsShape, DType.Float64);
        coefficients = Exchange(problem.CoefficientsShape, DType.Float64);
        (outputs, bottlenecks) = (Exchange(new Shape(), DType.Float32), Exchange(new Shape(), DType.Float32));
        Parts = [new StepPart(Forward, Decide), new StepPart(Backward)];
    }

    public override IReadOnlyList<StepPart> Parts { get; }

    private void Forward()
    {
        var images = new Variable(batch[VariedSamples.Images]);
        NetworkStage bottleneck = method.Network.Bottleneck;
        FeatureTaps? taps = method.Distillation.ComparesBottlenecks ? new FeatureTaps(bottleneck) : null;
        logits = method.Network.Forward(context, SeenByStudent(images), taps);
        method.Backend.SegmentationLossSums(problem, logits.Value, batch[VariedSamples.Labels], sums);
        if (method.Teacher is { } teacher)
            distillation = Distill(teacher, images, logits, taps?[bottleneck].Features);
    }

    private LossReport Decide()
    {
        bool distills = distillation is not null;
        (LossReport report, double[] values) = method.Terms(
            problem,
            sums.ToArray<double>(),
            distills ? outputs.ToScalar() : 0,
            distills && method.Distillation.ComparesBottlenecks ? bottlenecks.ToScalar() : 0
        );
        coefficients.Load<double>(values);
        return report;
    }

    private void Backward()
    {
        context.CommitUpdates();
        Tensor gradient = Tensor.Allocate(method.Backend.Device, logits!.Shape, logits.DType);
        method.Backend.SegmentationLossGradient(problem, logits.Value, batch[VariedSamples.Labels], coefficients, gradient);
        if (distillation is null)
        {
            Tape.Release(logits);
            method.Update.Run(context.Tape, logits, gradient, step);
            return;
        }

        // What has this gradient for the logits, so that both losses go back in one pass.
        Variable onLabels = context.Tape.Sum(context.Tape.Multiply(logits, new Variable(gradient)));
        method.Update.Run(context.Tape, context.Tape.Add(distillation, onLabels), step);
    }

    /// <summary>The channels of the images that the student sees.</summary>
    private Variable SeenByStudent(Variable images)
    {
        Variable[] parts =
        [
            .. method.Channels.Select(range =>
            {
                (int start, int count) = range.GetOffsetAndLength(images.Shape[^1]);
                return count == images.Shape[^1] ? images : context.Tape.Slice(images, ^1, start, count);
            }),
        ];
        return parts.Length == 1 ? parts[0] : context.Tape.Concat(^1, parts);
    }

    /// <summary>The weighted sum of the divergences, each of which is left for the host, too.</summary>
    private Variable Distill(Teacher teacher, Variable images, Variable student, Variable? studentFeatures)
    {
        Tape tape = context.Tape;
        (Variable logitsOfTeacher, Variable? features) = teacher.Look(
            method.Backend,
            images,
            batch.Groups,
            withFeatures: studentFeatures is not null
        );
        Variable ofOutputs = method.Distillation.Outputs(tape, logitsOfTeacher, student);
        method.Backend.Affine(ofOutputs.Value, 1, 0, outputs);
        Variable sum = tape.Scale(ofOutputs, method.Distillation.OutputWeight);
        if (studentFeatures is null || features is null)
            return sum;
        Variable projected = method.Projection?.Forward(context, studentFeatures) ?? studentFeatures;
        Variable ofBottlenecks = KdNetLoss.Bottlenecks(tape, features, projected);
        method.Backend.Affine(ofBottlenecks.Value, 1, 0, bottlenecks);
        return tape.Add(sum, tape.Scale(ofBottlenecks, method.Distillation.BottleneckWeight));
    }
}
