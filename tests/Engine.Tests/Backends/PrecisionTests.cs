using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>
/// How far the CUDA kernels' convolutions are from float64 in each precision: root mean square of the error over that of the
/// result, by kind of layer and pass. The table
/// of docs/numerics.md is what this prints.
/// </summary>
internal sealed class PrecisionTests
{
    private const int Channels = 32;

    private static readonly (string Name, ConvolutionProblem Problem)[] Layers =
    [
        ("3x3", Layer(new Size3(1, 12, 12), Size3.Planar(3))),
        ("3x3 dilated by 2", Layer(new Size3(1, 12, 12), Size3.Planar(3), dilation: new Size3(1, 2, 2))),
        ("5x5 symmetric", Layer(new Size3(1, 12, 12), Size3.Planar(5), padding: PaddingMode.Symmetric)),
        ("3x3x3", Layer(new Size3(4, 8, 8), Size3.Cube(3))),
        ("3x3x3 stride 2", Layer(new Size3(4, 8, 8), Size3.Cube(3), stride: Size3.Cube(2))),
        ("1x1x1", Layer(new Size3(4, 8, 8), Size3.One)),
    ];

    /// <summary>
    /// Upper bounds of the error: of one bfloat16 rounding per operand, of 16 bits, of float32 (and of the accumulator) twice.
    /// </summary>
    [TestCase(ConvolutionPrecision.Fp32, 5e-7)]
    [TestCase(ConvolutionPrecision.Bf16x6, 5e-7)]
    [TestCase(ConvolutionPrecision.Bf16x3, 2e-5)]
    [TestCase(ConvolutionPrecision.Bf16, 4e-3)]
    public void Errors_are_those_of_the_precision(ConvolutionPrecision precision, double bound)
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        using Device device = Device.OpenCpu();
        using CudaBackend backend = CudaBackend.OpenEmulated(device, precision);
        using var reference = new CpuBackend(device, threads: 1, exact: true);
        foreach ((string name, ConvolutionProblem problem) in Layers)
        {
            using TensorScope scope = TensorScope.Open(device);
            double[] expected = [.. Errors(Passes(reference, problem, DType.Float64), Passes(backend, problem, DType.Float32))];
            TestContext.Out.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {precision} | "
                        + $"{string.Join(" | ", expected.Select(e => e.ToString("0.0e+0", CultureInfo.InvariantCulture)))} |"
                )
            );
            Assert.That(expected, Has.All.LessThan(bound).And.All.Positive, name);
        }
    }

    /// <summary>
    /// Results that are stored as bfloat16, on the processor and by the kernels: both round the same operands, so that what they
    /// store differs only where a float32 sum lies beside the middle of two neighbours.
    /// </summary>
    [Test]
    public void The_processor_stores_what_the_kernels_store()
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        using Device device = Device.OpenCpu();
        using CudaBackend cuda = CudaBackend.OpenEmulated(device, ConvolutionPrecision.Bf16);
        using var cpu = new CpuBackend(device, threads: 1, bfloat16: true);
        using var reference = new CpuBackend(device, threads: 1, exact: true);
        foreach ((string name, ConvolutionProblem problem) in Layers)
        {
            using TensorScope scope = TensorScope.Open(device);
            double[][] expected = Passes(reference, problem, DType.Float64),
                ofCpu = Passes(cpu, problem, DType.Float32, DType.BFloat16),
                ofCuda = Passes(cuda, problem, DType.Float32, DType.BFloat16);
            double[] errors = [.. Errors(expected, ofCpu), .. Errors(expected, ofCuda), .. Errors(ofCpu, ofCuda)];
            double[] differing =
            [
                .. ofCpu.Zip(ofCuda, (a, b) => a.Zip(b).Count(pair => pair.First != pair.Second) / (double)a.Length),
            ];
            TestContext.Out.WriteLine(
                $"| {name} | stored bf16: cpu, cuda, between | "
                    + $"{string.Join(" | ", errors.Select(e => e.ToString("0.0e+0", CultureInfo.InvariantCulture)))} | differing "
                    + string.Join(" ", differing[..2].Select(d => d.ToString("0.0e+0", CultureInfo.InvariantCulture)))
            );
            Assert.That(errors[..6], Has.All.LessThan(5e-3).And.All.Positive, name);
            Assert.That(errors[6..], Has.All.LessThan(2e-4), $"{name}: the processor beside the kernels");
            Assert.That(differing[..2], Has.All.LessThan(0.01), $"{name}: share of stored results that differ");
        }
    }

    private static ConvolutionProblem Layer(
        Size3 size,
        Size3 kernel,
        Size3? stride = null,
        Size3? dilation = null,
        PaddingMode padding = PaddingMode.Zero
    ) =>
        ConvolutionProblem.Same(
            new Shape(2, size.Depth, size.Height, size.Width, Channels),
            new Shape(kernel.Depth, kernel.Height, kernel.Width, Channels, Channels),
            stride ?? Size3.One,
            dilation ?? Size3.One,
            padding
        );

    /// <summary>Forward, data gradient, weight gradient.</summary>
    private static double[][] Passes(Backend backend, ConvolutionProblem problem, DType type, DType? stored = null)
    {
        ConvolutionOperands operands = ConvolutionOperands.Reals(problem);
        Tensor x = Load(operands.X, problem.InputShape),
            w = Load(operands.W, problem.WeightShape),
            gy = Load(operands.Gy, problem.OutputShape);
        Tensor y = Room(problem.OutputShape, stored ?? type),
            gx = Room(problem.InputShape, stored ?? type),
            gw = Room(problem.WeightShape, type);
        backend.ConvolutionForward(problem, x, w, null, y);
        backend.ConvolutionBackwardData(problem, gy, w, gx);
        backend.ConvolutionBackwardWeights(problem, x, gy, gw);
        return
        [
            .. new[] { y, gx, gw }.Select(result =>
            {
                Tensor wide = Room(result.Shape, DType.Float64);
                backend.Convert(result, wide);
                return wide.ToArray<double>();
            }),
        ];

        Tensor Room(Shape shape, DType type) => Tensor.Allocate(backend.Device, shape, type);

        Tensor Load(double[] values, Shape shape) =>
            type == DType.Float64
                ? Tensor.From<double>(backend.Device, shape, values)
                : Tensor.From<float>(backend.Device, shape, [.. values.Select(v => (float)v)]);
    }

    private static IEnumerable<double> Errors(double[][] expected, double[][] actual) =>
        expected.Zip(actual, (e, a) => Math.Sqrt(e.Zip(a, (x, y) => (x - y) * (x - y)).Sum() / e.Sum(x => x * x)));
}
