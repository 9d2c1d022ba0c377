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
        Volume(new Size3(64, 64, 8), 96, 32),
        Volume(new Size3(64, 64, 8), 32, 96),
        Planar(256, 16, 16),
        Planar(128, 16, 32),
        Volume(new Size3(64, 64, 8), 16, 32),
    ];

    private static readonly ConvolutionProblem[] Narrow =
    [
        Planar(256, 3, 16),
        Planar(256, 8, 16),
        Volume(new Size3(64, 64, 8), 1, 16),
        Volume(new Size3(32, 32, 2), 128, 128),
        ConvolutionProblem.Same(new Shape(2, 1, 32, 32, 64), new Shape(1, 3, 3, 64, 64), Size3.Planar(2)),
        ConvolutionProblem.Same(new Shape(2, 1, 32, 32, 64), new Shape(1, 1, 1, 64, 64)),
        ConvolutionProblem.Same(new Shape(2, 1, 32, 32, 60), new Shape(1, 3, 3, 60, 64)),
    ];

    [Test]
    public void Wide_layers_get_warpgroups_for_their_weight_gradients(
        [ValueSource(nameof(Wide))] ConvolutionProblem problem,
        [Values(ConvolutionPrecision.Bf16, ConvolutionPrecision.Bf16x3, ConvolutionPrecision.Bf16x6)]
            ConvolutionPrecision precision
    )
    {
        WeightGradientPlan plan = WeightGradientPlan.Choose(problem, precision, warpgroups: true);
        TestContext.Out.WriteLine($"{problem}: {plan}");
        Assert.That(plan.Kernel, Does.StartWith("wgmma_"));
        WarpgroupTiles tiles = plan.Warpgroups!;
        int count = problem.Batch * tiles.Tiles.Count;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.SharedBytes, Is.LessThanOrEqualTo(227 * 1024));
            Assert.That(tiles.Tile.Width % 8, Is.Zero);
            Assert.That(tiles.Tile.Count % 32, Is.Zero);
            Assert.That(plan.Splits * plan.PerSplit, Is.GreaterThanOrEqualTo(count));
            Assert.That((plan.Splits - 1) * plan.PerSplit, Is.LessThan(count), "no split is empty");
            Assert.That(
                plan.ChannelTiles * plan.OutputTiles * plan.TapGroups * plan.Splits,
                Is.GreaterThanOrEqualTo(100),
                "most of 132 multiprocessors have a block"
            );
        }
    }

    [Test]
    public void Other_shapes_and_devices_get_a_tap_per_block([ValueSource(nameof(Narrow))] ConvolutionProblem problem)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(WeightGradientPlan.Choose(problem, ConvolutionPrecision.Bf16x3, warpgroups: true).Warpgroups, Is.Null);
            Assert.That(WeightGradientPlan.Choose(Wide[0], ConvolutionPrecision.Bf16x3, warpgroups: false).Warpgroups, Is.Null);
            Assert.That(WeightGradientPlan.Choose(Wide[0], ConvolutionPrecision.Fp32, warpgroups: true).Warpgroups, Is.Null);
        }
    }

    private static ConvolutionProblem Planar(
        int size,
        int inputs,
        int outputs,
        int dilation = 1,
        PaddingMode padding = PaddingMode.Zero
    ) =>
        ConvolutionProblem.Same(
            new Shape(16, 1, size, size, inputs),
            new Shape(1, 3, 3, inputs, outputs),
            dilation: Size3.Planar(dilation),
            padding: padding
        );

    private static ConvolutionProblem Volume(Size3 size, int inputs, int outputs) =>
        ConvolutionProblem.Same(new Shape(4, size.Depth, size.Height, size.Width, inputs), new Shape(3, 3, 3, inputs, outputs));
}
