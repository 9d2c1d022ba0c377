using BenchmarkDotNet.Attributes;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Micro;

/// <summary>The two passes of the segmentation loss over logits.</summary>
public class LossBenchmarks : Workbench
{
    private static readonly Shape Labels = new(2, 1, 256, 256);

    private SegmentationLossProblem problem = null!;
    private Tensor logits = null!,
        labels = null!,
        sums = null!,
        coefficients = null!,
        gz = null!;

    [Params(2, 5)]
    public int Classes { get; set; }

    private Shape Logits => new(2, 1, 256, 256, Classes);

    [Benchmark]
    public void Sums() => Backend.SegmentationLossSums(problem, logits, labels, sums);

    [Benchmark]
    public void Gradient() => Backend.SegmentationLossGradient(problem, logits, labels, coefficients, gz);

    public override double Bytes(string benchmark) =>
        Labels.Count + (sizeof(float) * (double)Logits.Count * (benchmark == nameof(Sums) ? 1 : 2));

    protected override void Allocate()
    {
        problem = new SegmentationLossProblem { LogitsShape = Logits, Modality = new ModalityIndex(2, 0, 1) }.Validate(Labels);
        (logits, gz) = (MadeUp(Logits), MadeUp(Logits));
        labels = Tensor.From<byte>(
            logits.Device,
            Labels,
            [.. Enumerable.Range(0, (int)Labels.Count).Select(i => (byte)(i / 11 % Classes))]
        );
        (sums, coefficients) = (
            Tensor.Allocate(logits.Device, problem.SumsShape, DType.Float64),
            Tensor.Allocate(logits.Device, problem.CoefficientsShape, DType.Float64)
        );
        coefficients.Load<double>([.. Enumerable.Range(0, (int)problem.CoefficientsShape.Count).Select(i => 1e-6 * (i + 1))]);
    }
}
