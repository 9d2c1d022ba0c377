using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>
/// The CPU's convolutions that normalize what they read, against normalizing first: the same arithmetic, so the same bits.
/// </summary>
internal sealed class NormalizedOnLoadTests
{
    private const int Modalities = 2;

    private static IEnumerable<TestCaseData> Cases()
    {
        foreach (NormalizationKind kind in new[] { NormalizationKind.Batch, NormalizationKind.Instance })
        {
            yield return Case("plain", kind, new Shape(2, 1, 13, 18, 32), new Shape(1, 3, 3, 32, 48));
            yield return Case("dilated", kind, new Shape(2, 1, 16, 20, 32), new Shape(1, 3, 3, 32, 64), dilation: 2);
            yield return Case("mirrored", kind, new Shape(2, 1, 12, 9, 32), new Shape(1, 3, 3, 32, 64), PaddingMode.Symmetric);
            yield return Case("3D", kind, new Shape(2, 4, 9, 12, 32), new Shape(3, 3, 3, 32, 32));
            yield return Case("direct", kind, new Shape(2, 1, 9, 11, 5), new Shape(1, 3, 3, 5, 7));
            yield return Case("dropout", kind, new Shape(2, 1, 16, 16, 32), new Shape(1, 3, 3, 32, 32), keep: 0.75);
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void Changes_no_bit(ConvolutionProblem problem, NormalizationProblem normalization)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 2);
        using TensorScope scope = TensorScope.Open(device);
        Tensor x = Filled(device, problem.InputShape, 1),
            w = Filled(device, problem.WeightShape, 2),
            gy = Filled(device, problem.OutputShape, 3),
            bias = Filled(device, new Shape(problem.OutputChannels), 4);
        Tensor gamma = Filled(device, normalization.AffineShape, 5),
            beta = Filled(device, normalization.AffineShape, 6);
        Tensor mean = Empty(device, normalization.StatisticsShape),
            variance = Empty(device, normalization.StatisticsShape);
        backend.NormalizationStatistics(normalization, x, mean, variance);

        Tensor normalized = Empty(device, x.Shape),
            y = Filled(device, problem.OutputShape, 7),
            gw = Empty(device, w.Shape),
            gx = Empty(device, x.Shape);
        backend.NormalizationForward(normalization, x, mean, variance, gamma, beta, normalized);
        backend.ConvolutionForward(problem, normalized, w, bias, y, accumulate: true);
        backend.ConvolutionBackwardWeights(problem, normalized, gy, gw);
        backend.ConvolutionBackwardData(problem, gy, w, gx);

        var input = new InputNormalization(normalization, mean, variance, gamma, beta);
        var next = new NormalizationProblem(
            problem.OutputShape,
            normalization.Kind,
            normalization.Modality,
            1,
            1e-3,
            1,
            DropoutMask.None
        );
        Tensor fusedY = Filled(device, problem.OutputShape, 7),
            fusedGw = Empty(device, w.Shape),
            fusedGx = Empty(device, x.Shape),
            nextMean = Empty(device, next.StatisticsShape),
            nextVariance = Empty(device, next.StatisticsShape);
        backend.FusedConvolutionForward(
            problem,
            input,
            x,
            w,
            bias,
            fusedY,
            new OutputStatistics(next, nextMean, nextVariance),
            accumulate: true
        );
        backend.FusedConvolutionBackward(problem, input, x, gy, w, fusedGw, fusedGx);

        Assert.That(fusedY.ToArray<float>(), Is.EqualTo(y.ToArray<float>()));
        Assert.That(fusedGw.ToArray<float>(), Is.EqualTo(gw.ToArray<float>()));
        Assert.That(fusedGx.ToArray<float>(), Is.EqualTo(gx.ToArray<float>()));
        Tensor expectedMean = Empty(device, next.StatisticsShape),
            expectedVariance = Empty(device, next.StatisticsShape);
        backend.NormalizationStatistics(next, y, expectedMean, expectedVariance);
        Assert.That(nextMean.ToArray<float>(), Is.EqualTo(expectedMean.ToArray<float>()));
        Assert.That(nextVariance.ToArray<float>(), Is.EqualTo(expectedVariance.ToArray<float>()));
    }

    private static TestCaseData Case(
        string name,
        NormalizationKind kind,
        Shape x,
        Shape w,
        PaddingMode padding = PaddingMode.Zero,
        int dilation = 1,
        double keep = 1
    )
    {
        ConvolutionProblem problem = ConvolutionProblem.Same(x, w, dilation: Size3.Planar(dilation), padding: padding).Validate();
        DropoutMask mask = keep < 1 ? new DropoutMask(keep, 1, 2) : DropoutMask.None;
        return new TestCaseData(
            problem,
            new NormalizationProblem(x, kind, new ModalityIndex(Modalities, 0, 1), 1, 1e-3, 0.2, mask).Validate()
        ).SetArgDisplayNames(name, kind.ToString());
    }

    private static Tensor Empty(Device device, Shape shape) => Tensor.Allocate(device, shape, DType.Float32);

    private static Tensor Filled(Device device, Shape shape, int seed)
    {
        var random = new System.Random(seed);
        return Tensor.From<float>(
            device,
            shape,
            [.. Enumerable.Range(0, (int)shape.Count).Select(_ => (random.NextSingle() * 2) - 1)]
        );
    }
}
