using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>Which kernels forward passes and data gradients get, and how the border of symmetric padding is cut up.</summary>
internal sealed class GatherPlanTests
{
    private static readonly ConvolutionProblem[] Symmetric =
    [
        Planar(16, 32, 512, 2560, 3),
        Planar(16, 256, 40, 5, 5),
        Planar(3, 1, 4, 4, 3),
        Planar(2, 2, 7, 3, 5),
        Planar(2, 6, 7, 3, 3) with
        {
            PadBefore = new Size3(0, 0, 6),
            PadAfter = new Size3(0, 5, 1),
        },
        ConvolutionProblem.Same(new Shape(2, 3, 5, 4, 9), new Shape(3, 3, 5, 9, 8), padding: PaddingMode.Symmetric),
        ConvolutionProblem.Same(
            new Shape(2, 4, 7, 6, 9),
            new Shape(3, 5, 4, 9, 8),
            stride: new Size3(2, 3, 1),
            dilation: new Size3(1, 1, 2),
            padding: PaddingMode.Symmetric
        ),
    ];

    [TestCase(ConvolutionPrecision.Bf16, 1, "bf16_c8")]
    [TestCase(ConvolutionPrecision.Bf16, 8, "bf16_c8")]
    [TestCase(ConvolutionPrecision.Bf16, 9, "bf16_c16")]
    [TestCase(ConvolutionPrecision.Bf16, 17, "bf16")]
    [TestCase(ConvolutionPrecision.Bf16, 24, "bf16")]
    [TestCase(ConvolutionPrecision.Bf16, 40, "bf16_c8")]
    [TestCase(ConvolutionPrecision.Bf16x3, 5, "bf16x3_c8")]
    [TestCase(ConvolutionPrecision.Bf16x3, 16, "bf16x3_c16")]
    [TestCase(ConvolutionPrecision.Bf16x6, 3, "bf16x6_c8")]
    [TestCase(ConvolutionPrecision.Bf16x6, 16, "bf16x6")]
    [TestCase(ConvolutionPrecision.Fp32, 3, "simt")]
    public void Chunks_are_narrow_where_wide_ones_would_be_mostly_empty(
        ConvolutionPrecision precision,
        int channels,
        string family
    )
    {
        GatherPlan plan = GatherPlan.Choose(GatherShape.Forward(Planar(16, 256, channels, 16, 3)), precision, warpgroups: true)!;
        Assert.That(plan.Family.Name, Is.EqualTo(family));
        Assert.That(plan.SharedBytes, Is.LessThanOrEqualTo(99 * 1024));
    }

    [Test]
    public void The_image_of_a_wide_symmetric_layer_gets_warpgroups()
    {
        ConvolutionProblem problem = Symmetric[0] with { Padding = PaddingMode.Zero };
        GatherShape shape = GatherShape.BackwardData(problem, out bool complete).Single();
        GatherPlan plan = GatherPlan.Choose(shape, ConvolutionPrecision.Bf16, warpgroups: true)!;
        Assert.That(complete);
        Assert.That(plan.Family.Warpgroups);
        Assert.That(plan.Tiles.Count * plan.Tile.Count, Is.EqualTo(32 * 32), "no position is computed in vain");
    }

    /// <summary>Four strips of 16 images, whose tiles go across images, with the one row or column of taps that reaches
    /// each.</summary>
    [Test]
    public void Its_border_is_four_strips_with_a_third_of_the_taps()
    {
        MirroredBorder border = MirroredBorder.Of(Symmetric[0], ConvolutionPrecision.Bf16);
        Assert.That(border.Samples, Is.EqualTo(1));
        Assert.That(border.Complete);
        Assert.That(
            border.Strips.Select(strip => (strip.Count, strip.Taps)),
            Is.EqualTo(
                new[]
                {
                    (new Size3(16, 1, 34), new Size3(1, 1, 3)),
                    (new Size3(16, 1, 34), new Size3(1, 1, 3)),
                    (new Size3(16, 32, 1), new Size3(1, 3, 1)),
                    (new Size3(16, 32, 1), new Size3(1, 3, 1)),
                }
            )
        );
        Assert.That(border.Plans.Sum(plan => plan!.Tiles.Count), Is.LessThanOrEqualTo(18), "of 128 positions; 17 are full");
    }

    [TestCaseSource(nameof(Symmetric))]
    public void Strips_are_the_padding_and_nothing_twice(ConvolutionProblem problem)
    {
        MirroredBorder border = MirroredBorder.Of(problem, ConvolutionPrecision.Bf16);
        Size3 padded = MirroredBorder.PaddedSize(problem);
        int images = problem.Batch / border.Samples;
        int[] covered = new int[images * padded.Count];
        foreach (GatherShape strip in border.Strips)
        {
            foreach (Size3 i in PositionsOf(strip.Count))
                covered[IndexOf(Size3.Map(a => strip.Start[a] + (i[a] * strip.OutputStep[a])), padded)]++;
        }

        Assert.That(border.Complete);
        foreach (Size3 at in PositionsOf(padded with { Depth = padded.Depth * images }))
        {
            Size3 inSample = at with { Depth = at.Depth % padded.Depth };
            bool padding = Enumerable
                .Range(0, 3)
                .Any(a => inSample[a] < problem.PadBefore[a] || inSample[a] >= problem.PadBefore[a] + problem.Input[a]);
            Assert.That(covered[IndexOf(at, padded)], Is.EqualTo(padding ? 1 : 0), $"padded position {at}");
        }
    }

    [TestCaseSource(nameof(Symmetric))]
    public void Mirrored_positions_are_those_near_the_border_and_nothing_twice(ConvolutionProblem problem)
    {
        int[] covered = new int[problem.Input.Count];
        foreach (PositionBox box in MirroredBorder.MirroredPositions(problem))
        {
            Size3 from = Unpacked(box.From);
            foreach (Size3 i in PositionsOf(Unpacked(box.Size)))
                covered[IndexOf(Size3.Map(a => from[a] + i[a]), problem.Input)]++;
        }

        foreach (Size3 at in PositionsOf(problem.Input))
        {
            bool mirrored = Enumerable
                .Range(0, 3)
                .Any(a => at[a] < problem.PadBefore[a] || at[a] >= problem.Input[a] - problem.PadAfter[a]);
            Assert.That(covered[IndexOf(at, problem.Input)], Is.EqualTo(mirrored ? 1 : 0), $"position {at}");
        }
    }

    private static ConvolutionProblem Planar(int images, int size, int inputs, int outputs, int kernel) =>
        ConvolutionProblem.Same(
            new Shape(images, 1, size, size, inputs),
            new Shape(1, kernel, kernel, inputs, outputs),
            padding: PaddingMode.Symmetric
        );

    private static Size3 Unpacked(KernelSize size)
    {
        ReadOnlySpan<int> parts = MemoryMarshal.Cast<KernelSize, int>(new ReadOnlySpan<KernelSize>(in size));
        return new Size3(parts[0], parts[1], parts[2]);
    }

    private static IEnumerable<Size3> PositionsOf(Size3 extent) =>
        Enumerable
            .Range(0, extent.Count)
            .Select(i => new Size3(i / extent.Width / extent.Height, i / extent.Width % extent.Height, i % extent.Width));

    private static int IndexOf(Size3 at, Size3 extent) => (((at.Depth * extent.Height) + at.Height) * extent.Width) + at.Width;
}
