using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>Which kernels a device with Hopper's instructions gets for the networks' layers, both modalities together.</summary>
internal sealed class ConvolutionPlanTests
{
    private static readonly ConvolutionProblem[] Wide =
    [
        Planar(64, 64, 64),
        Planar(32, 128, 128),
        Planar(32, 256, 256),
        Planar(32, 512, 512),
        Planar(32, 512, 512, dilation: 2),
        Planar(32, 512, 2560, padding: PaddingMode.Symmetric),
        Volume(new Size3(8, 64, 64), 64, 64),
        Volume(new Size3(8, 64, 64), 128, 64),
    ];

    private static readonly ConvolutionProblem[] Narrow =
    [
        Planar(256, 3, 16),
        Planar(256, 8, 16),
        Planar(256, 16, 16),
        Planar(128, 16, 32),
        Planar(256, 40, 5, kernel: 5, padding: PaddingMode.Symmetric),
        Volume(new Size3(8, 256, 256), 1, 16),
        Volume(new Size3(8, 256, 256), 16, 32),
        Volume(new Size3(64, 64, 8), 32, 32),
        Volume(new Size3(8, 256, 256), 32, 5, kernel: 1),
        Volume(new Size3(32, 32, 2), 128, 128),
        Strided(new Size3(8, 256, 256), 64),
        Strided(new Size3(2, 64, 64), 128),
        ConvolutionProblem.Same(new Shape(2, 1, 32, 32, 64), new Shape(1, 3, 3, 64, 64), Size3.Planar(2)),
        ConvolutionProblem.Same(new Shape(2, 1, 32, 32, 64), new Shape(1, 1, 1, 64, 64)),
        ConvolutionProblem.Same(new Shape(2, 1, 32, 32, 60), new Shape(1, 3, 3, 60, 64)),
        ConvolutionProblem.Same(new Shape(1, 1, 1, 1, 7), new Shape(1, 3, 3, 7, 3)),
        ConvolutionProblem.Same(new Shape(1, 40, 40, 40, 8), new Shape(7, 7, 7, 8, 64), dilation: Size3.Cube(6)),
    ];

    [Test]
    public void Wide_layers_get_warpgroups_for_their_weight_gradients(
        [ValueSource(nameof(Wide))] ConvolutionProblem problem,
        [Values(ConvolutionPrecision.Bf16, ConvolutionPrecision.Bf16x3, ConvolutionPrecision.Bf16x6)]
            ConvolutionPrecision precision
    )
    {
        WeightGradientPlan plan = WeightGradientPlan.Choose(problem, precision, plain: true, warpgroups: true);
        TestContext.Out.WriteLine($"{problem}: {plan}");
        Assert.That(plan, Is.InstanceOf<WarpgroupWeightGradientPlan>());
        var wide = (WarpgroupWeightGradientPlan)plan;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Kernel, Does.StartWith("wgmma_"));
            Assert.That(plan.SharedBytes, Is.LessThanOrEqualTo(227 * 1024));
            Assert.That(wide.Tile.Width % 8, Is.Zero);
            Assert.That(wide.Tile.Count % 32, Is.Zero);
            AssertSplitsCover(problem.Batch * wide.Tiles.Count, plan);
            Assert.That(
                plan.ChannelTiles * plan.OutputTiles * plan.TapGroups * plan.Splits,
                Is.GreaterThanOrEqualTo(100),
                "most of 132 multiprocessors have a block"
            );
        }
    }

    [Test]
    public void Other_shapes_have_all_their_taps_in_a_block_as_far_as_they_fit(
        [ValueSource(nameof(Narrow))] ConvolutionProblem problem,
        [Values(ConvolutionPrecision.Bf16, ConvolutionPrecision.Bf16x3, ConvolutionPrecision.Bf16x6)]
            ConvolutionPrecision precision,
        [Values] bool plain
    )
    {
        WeightGradientPlan plan = WeightGradientPlan.Choose(problem, precision, plain, warpgroups: true);
        TestContext.Out.WriteLine($"{problem}: {plan}");
        Assert.That(plan, Is.InstanceOf<MmaWeightGradientPlan>());
        var narrow = (MmaWeightGradientPlan)plan;
        int taps = problem.Kernel.Count,
            rows = narrow.Folded ? taps * problem.InputChannels : problem.InputChannels;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(narrow.Folded, Is.EqualTo(plain && problem.InputChannels < 8));
            Assert.That(plan.SharedBytes, Is.LessThanOrEqualTo(80 * 1024), "two blocks on a multiprocessor");
            Assert.That(narrow.TapGroups, Is.EqualTo(narrow.Folded || taps <= 27 ? 1 : taps / narrow.Taps.Count));
            Assert.That(plan.ChannelTiles * narrow.Planes * 8, Is.InRange(rows, rows + (plan.ChannelTiles * 8)));
            Assert.That(plan.OutputTiles * narrow.Columns * 8, Is.InRange(problem.OutputChannels, problem.OutputChannels + 31));
            Assert.That(narrow.Tile.Count, Is.InRange(1, 256));
            AssertSplitsCover(problem.Batch * narrow.Tiles.Count, plan);
            if (precision == ConvolutionPrecision.Bf16)
                Assert.That(plan.PerSplit * narrow.Tile.Count, Is.LessThanOrEqualTo(16384), "sums of tensor cores stay short");
        }
    }

    [Test]
    public void Devices_without_warpgroups_and_float_arithmetic_do_without_them()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                WeightGradientPlan.Choose(Wide[0], ConvolutionPrecision.Bf16x3, plain: true, warpgroups: false),
                Is.InstanceOf<MmaWeightGradientPlan>()
            );
            Assert.That(
                WeightGradientPlan.Choose(Wide[0], ConvolutionPrecision.Fp32, plain: true, warpgroups: true),
                Is.InstanceOf<SimtWeightGradientPlan>()
            );
        }
    }

    private static void AssertSplitsCover(int tiles, WeightGradientPlan plan)
    {
        Assert.That(plan.Splits * plan.PerSplit, Is.GreaterThanOrEqualTo(tiles));
        Assert.That((plan.Splits - 1) * plan.PerSplit, Is.LessThan(tiles), "no split is empty");
    }

    private static ConvolutionProblem Planar(
        int size,
        int inputs,
        int outputs,
        int kernel = 3,
        int dilation = 1,
        PaddingMode padding = PaddingMode.Zero
    ) =>
        ConvolutionProblem.Same(
            new Shape(16, 1, size, size, inputs),
            new Shape(1, kernel, kernel, inputs, outputs),
            dilation: Size3.Planar(dilation),
            padding: padding
        );

    private static ConvolutionProblem Volume(Size3 size, int inputs, int outputs, int kernel = 3) =>
        ConvolutionProblem.Same(
            new Shape(4, size.Depth, size.Height, size.Width, inputs),
            new Shape(kernel, kernel, kernel, inputs, outputs)
        );

    /// <summary>Of which a transposed convolution is the data gradient.</summary>
    private static ConvolutionProblem Strided(Size3 size, int channels) =>
        ConvolutionProblem.Same(
            new Shape(4, size.Depth, size.Height, size.Width, channels),
            new Shape(3, 3, 3, channels, channels),
            Size3.Cube(2)
        );
}
