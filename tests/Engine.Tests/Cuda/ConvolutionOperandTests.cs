using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Engine.Tests.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>In bf16 Hopper's weight gradient reads operands that a pass has written, and the data gradient with it.</summary>
internal sealed class ConvolutionOperandTests
{
    public static IEnumerable<TestCaseData> Problems
    {
        get
        {
            yield return Case("same", Same(new Shape(3, 1, 16, 24, 64), new Shape(1, 3, 3, 64, 64)));
            yield return Case("ragged", Same(new Shape(1, 1, 21, 27, 72), new Shape(1, 3, 3, 72, 40)));
            yield return Case(
                "dilated",
                Same(new Shape(1, 1, 24, 20, 64), new Shape(1, 3, 3, 64, 64), dilation: Size3.Planar(2))
            );
            yield return Case(
                "symmetric",
                Same(new Shape(2, 1, 16, 16, 64), new Shape(1, 3, 3, 64, 64), padding: PaddingMode.Symmetric)
            );
            yield return Case("3D", Same(new Shape(1, 3, 16, 16, 64), new Shape(3, 3, 3, 64, 64)));
            yield return Case(
                "strided",
                Same(new Shape(1, 4, 32, 16, 64), new Shape(3, 3, 3, 64, 64), stride: new Size3(2, 2, 1))
            );
        }
    }

    /// <summary>By itself a data gradient loads the output gradient; beside the weight gradient it copies the operand.</summary>
    [TestCaseSource(nameof(Problems))]
    public void Gradients_computed_together_have_the_bits_of_single_ones(ConvolutionProblem problem)
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        WeightGradientPlan plan = WeightGradientPlan.Choose(problem, ConvolutionPrecision.Bf16, plain: true, warpgroups: true);
        Assert.That(plan.OperandsOf(problem).Gy, Is.Not.Null, "the shape has an operand");
        using Device device = Device.OpenCpu();
        using CudaBackend backend = CudaBackend.OpenEmulated(device, ConvolutionPrecision.Bf16);
        using TensorScope scope = TensorScope.Open(device);
        ConvolutionOperands operands = ConvolutionOperands.Reals(problem);
        Tensor x = Load(operands.X, problem.InputShape),
            w = Load(operands.W, problem.WeightShape),
            gy = Load(operands.Gy, problem.OutputShape);
        Tensor[] single = [Room(problem.WeightShape), Room(problem.InputShape)],
            together = [Room(problem.WeightShape), Room(problem.InputShape)];
        backend.ConvolutionBackwardWeights(problem, x, gy, single[0]);
        backend.ConvolutionBackwardData(problem, gy, w, single[1]);
        backend.FusedConvolutionBackward(problem, null, x, gy, w, together[0], together[1]);
        Assert.That(together[0].ToArray<float>(), Is.EqualTo(single[0].ToArray<float>()), "gw");
        Assert.That(together[1].ToArray<float>(), Is.EqualTo(single[1].ToArray<float>()), "gx");

        Tensor Room(Shape shape) => Tensor.Allocate(device, shape, DType.Float32);

        Tensor Load(double[] values, Shape shape) => Tensor.From<float>(device, shape, [.. values.Select(v => (float)v)]);
    }

    /// <summary>Every position that a tile reads, also one that lies beyond the image.</summary>
    [TestCaseSource(nameof(Problems))]
    public void Operands_have_all_that_tiles_read(ConvolutionProblem problem)
    {
        (WeightGradientPlan chosen, _) = WarpgroupWeightGradientPlan.Choose(problem, ConvolutionPrecision.Bf16)!.Value;
        var plan = (WarpgroupWeightGradientPlan)chosen;
        (OperandBox? x, OperandBox? gy) = plan.OperandsOf(problem);
        DataGradientPlan data = DataGradientPlan.Choose(problem, ConvolutionPrecision.Bf16, warpgroups: true)!;
        for (int a = 0; a < 3; a++)
        {
            int last = (plan.Tiles[a] * plan.Tile[a]) - 1,
                reach = (problem.Kernel[a] - 1) * problem.Dilation[a];
            Assert.That(x!.Value.From[a], Is.EqualTo(-problem.PadBefore[a]));
            Assert.That(x.Value.To[a], Is.EqualTo((last * problem.Stride[a]) - problem.PadBefore[a] + reach + 1));
            Assert.That((gy!.Value.From[a], gy.Value.To[a]), Is.EqualTo((0, last + 1)));
            foreach ((GatherShape shape, GatherPlan gather) in data.Gathers.Where(each => each.Plan.Family.TakesOperand))
            {
                int[] taps = [shape.TapBase[a], shape.TapBase[a] + ((shape.Taps[a] - 1) * shape.TapStep[a])];
                Assert.That(data.Operand!.Value.From[a], Is.LessThanOrEqualTo(taps.Min()));
                Assert.That(data.Operand.Value.To[a], Is.GreaterThan((gather.Tiles[a] * gather.Tile[a]) - 1 + taps.Max()));
            }
        }
    }

    [Test]
    public void A_joined_box_has_what_each_of_its_parts_has()
    {
        var first = new OperandBox(new Size3(0, -1, 2), new Size3(1, 5, 7));
        var second = new OperandBox(new Size3(-1, 0, 0), new Size3(3, 4, 9));
        OperandBox? joined = OperandBox.Join(null, first, null, second);
        Assert.That(joined, Is.EqualTo(new OperandBox(new Size3(-1, -1, 0), new Size3(3, 5, 9))));
        Assert.That(joined!.Value.Extent, Is.EqualTo(new Size3(4, 6, 9)));
        Assert.That(joined.Value.Bytes(samples: 2, channels: 16), Is.EqualTo(2 * 16 * 4 * 6 * 9 * 2));
        Assert.That(OperandBox.Join(null, null), Is.Null);
    }

    private static ConvolutionProblem Same(
        Shape x,
        Shape w,
        Size3? stride = null,
        Size3? dilation = null,
        PaddingMode padding = PaddingMode.Zero
    ) => ConvolutionProblem.Same(x, w, stride, dilation, padding).Validate();

    private static TestCaseData Case(string name, ConvolutionProblem problem) =>
        new TestCaseData(problem).SetArgDisplayNames(name);
}
