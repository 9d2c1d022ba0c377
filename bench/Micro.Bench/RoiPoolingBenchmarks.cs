using BenchmarkDotNet.Attributes;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Micro;

/// <summary>Maxima over regions of VGG16's last map of a 672x672 image: 7x7 bins of 500 proposals.</summary>
public class RoiPoolingBenchmarks : Workbench
{
    private const int Regions = 500,
        ImageSize = 672;

    private static readonly RoiPoolingProblem Problem = new(new Shape(1, 1, 42, 42, 512), Regions, 7, 1.0 / 16);

    private Tensor x = null!,
        y = null!,
        corners = null!,
        scores = null!,
        choice = null!,
        gx = null!;

    [Benchmark]
    public void RoiMaxPool() => Backend.RoiMaxPoolForward(Problem, x, corners, scores, y, choice);

    [Benchmark]
    public void RoiMaxPoolGradient() => Backend.RoiMaxPoolBackward(Problem, y, corners, scores, choice, gx);

    /// <summary>The map, what is pooled, and its places.</summary>
    public override double Bytes(string benchmark) =>
        sizeof(float) * (Problem.InputShape.Count + (2.0 * Problem.OutputShape.Count));

    protected override void Allocate()
    {
        (x, y, gx, scores) = (
            MadeUp(Problem.InputShape),
            MadeUp(Problem.OutputShape),
            MadeUp(Problem.InputShape),
            MadeUp(Problem.ScoresShape)
        );
        choice = Tensor.Allocate(x.Device, Problem.OutputShape, DType.Int32);
        corners = Tensor.From<float>(
            x.Device,
            Problem.CornersShape,
            [.. Enumerable.Range(0, Regions).SelectMany(region => Corners(region))]
        );
        Backend.RoiMaxPoolForward(Problem, x, corners, scores, y, choice);
    }

    /// <summary>All over the image, from 32 to 414 pixels wide and high.</summary>
    private static float[] Corners(int region)
    {
        int width = 32 + (region * 37 % 383),
            height = 32 + (region * 101 % 383),
            left = region * 197 % (ImageSize - width),
            top = region * 59 % (ImageSize - height);
        return [0, left, top, left + width, top + height];
    }
}
