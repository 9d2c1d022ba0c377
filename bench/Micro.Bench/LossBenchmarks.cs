using BenchmarkDotNet.Attributes;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Micro;

/// <summary>The two passes of the segmentation loss over the logits.</summary>
public class LossBenchmarks : Workbench
{
    private SegmentationLossProblem problem = null!;
    private Tensor logits = null!, labels = null!, sums = null!, coefficients = null!, gradient = null!;

    [Params(5, 16)]
    public int Classes { get; set; }

    [Benchmark]
    public void Sums() => Backend.SegmentationLossSums(problem, logits, labels, sums);

    [Benchmark]
    public void Gradient() => Backend.SegmentationLossGradient(problem, logits, labels, coefficients, gradient);

    protected override void Allocate()
    {
        var positions = new Shape(2, 1, 256, 256);
        logits = MadeUp(new Shape(2, 1, 256, 256, Classes));
        labels = Tensor.From<byte>(logits.Device, positions, [.. Enumerable.Range(0, checked((int)positions.Count)).Select(i => (byte)(i / 11 % Classes))]);
        problem = new SegmentationLossProblem { LogitsShape = logits.Shape, Modality = new ModalityIndex(2, 0, 1) }.Validate(positions);
        (sums, gradient) = (Tensor.Allocate(logits.Device, problem.SumsShape, DType.Float64), MadeUp(logits.Shape));
        Backend.SegmentationLossSums(problem, logits, labels, sums);
        coefficients = Tensor.From<double>(logits.Device, problem.CoefficientsShape, new SegmentationLossTerms(problem, sums.ToArray<double>()).Coefficients);
    }
}
