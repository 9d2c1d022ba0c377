using System.Reflection;
using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;
using static UnpairedSegEngine.Engine.Tests.Autograd.GradientCheck;

namespace UnpairedSegEngine.Engine.Tests.Autograd;

/// <summary>First derivatives of every operation, and second ones of the unfused, against difference quotients.</summary>
internal sealed class OperationGradientTests
{
    private static readonly Shape Small = new(2, 3);

    private static IEnumerable<TestCaseData> Unfused()
    {
        yield return Case("add", (t, v) => t.Add(v[0], v[1]), Small, Small);
        yield return Case("add itself", (t, v) => t.Multiply(t.Add(v[0], v[0]), v[0]), Small);
        yield return Case("subtract", (t, v) => t.Multiply(t.Subtract(v[0], v[1]), v[1]), Small, Small);
        yield return Case("multiply", (t, v) => t.Multiply(v[0], v[1]), Small, Small);
        yield return Case("divide", (t, v) => t.Divide(v[0], t.Scale(t.Exp(v[1]), 1, 0.5)), Small, Small);
        yield return Case("scale", (t, v) => t.Multiply(t.Scale(v[0], -2.5, 0.3), v[0]), Small);
        yield return Case("exp", (t, v) => t.Exp(v[0]), Small);
        yield return Case("log", (t, v) => t.Log(t.Scale(v[0], 0.4, 1.5)), Small);
        yield return Case("sqrt", (t, v) => t.Sqrt(t.Scale(v[0], 0.4, 1.5)), Small);
        yield return Case("abs", (t, v) => t.Multiply(t.Abs(v[0]), v[0]), Small);
        yield return Case("leaky relu", (t, v) => t.LeakyReLU(t.Multiply(v[0], v[0 + 1]), 0.2), Small, Small);
        yield return Case("relu", (t, v) => t.Relu(t.Multiply(v[0], v[1])), Small, Small);
        yield return Case("sigmoid", (t, v) => t.Sigmoid(v[0]), Small);
        yield return Case("tanh", (t, v) => t.Tanh(v[0]), Small);
        yield return Case("softplus", (t, v) => t.Softplus(v[0]), Small);
        yield return Case("convert", (t, v) => t.Convert(t.Multiply(v[0], v[0]), DType.Float64), Small);
        yield return Case("stop gradient", (t, v) => t.Multiply(v[0], t.StopGradient(Constant(t, Small))), Small);
        foreach (int axis in new[] { 0, 1, 2 })
        {
            yield return Case($"softmax {axis}", (t, v) => t.Softmax(v[0], axis), new Shape(2, 3, 2));
            yield return Case($"log softmax {axis}", (t, v) => t.LogSoftmax(v[0], axis), new Shape(2, 3, 2));
            yield return Case($"l2 normalize {axis}", (t, v) => t.L2Normalize(v[0], axis), new Shape(2, 3, 2));
            yield return Case(
                $"gather {axis}",
                (t, v) => t.Gather(t.Multiply(v[0], v[0]), Places(t, Without(new Shape(2, 3, 2), axis)), axis),
                new Shape(2, 3, 2)
            );
            yield return Case(
                $"scatter {axis}",
                (t, v) => t.Scatter(t.Multiply(v[0], v[0]), Places(t, v[0].Shape), new Shape(2, 3, 2), axis),
                Without(new Shape(2, 3, 2), axis)
            );
        }

        yield return Case(
            "batched matmul by itself",
            (t, v) => t.BatchedMatMul(v[0], v[0], transposeB: true),
            new Shape(2, 3, 2)
        );
        yield return Case("softmax of the last axis", (t, v) => t.Softmax(v[0]), Small);
        foreach ((int first, int axes) in new[] { (0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (0, 3) })
        {
            yield return Case($"max {first} {axes}", (t, v) => t.Max(t.Multiply(v[0], v[0]), first, axes), new Shape(2, 3, 2));
            yield return Case($"mean {first} {axes}", (t, v) => t.Mean(t.Multiply(v[0], v[0]), first, axes), new Shape(2, 3, 2));
        }

        yield return Case("max of all", (t, v) => t.Max(t.Multiply(v[0], v[0])), Small);
        yield return Case("instance mean", (t, v) => t.InstanceMoments(v[0]).Mean, new Shape(2, 1, 3, 2, 2));
        yield return Case("instance variance", (t, v) => t.InstanceMoments(v[0]).Variance, new Shape(2, 1, 3, 2, 2));
        (Shape A, Shape B)[] broadcasts =
        [
            (new Shape(2, 3), new Shape(3)),
            (new Shape(2, 1, 3), new Shape(4, 1)),
            (new Shape(), new Shape(2, 2)),
            (new Shape(1, 1), new Shape(3)),
            (new Shape(1, 2, 1, 2, 1), new Shape(2, 1, 3, 1, 1)),
        ];
        foreach ((Shape a, Shape b) in broadcasts)
        {
            yield return Case($"add {a} {b}", (t, v) => t.Add(v[0], v[1]), a, b);
            yield return Case($"subtract {a} {b}", (t, v) => t.Subtract(v[0], v[1]), a, b);
            yield return Case($"multiply {a} {b}", (t, v) => t.Multiply(v[0], v[1]), a, b);
            yield return Case($"divide {a} {b}", (t, v) => t.Divide(v[0], t.Exp(v[1])), a, b);
        }

        yield return Case("broadcast to", (t, v) => t.BroadcastTo(v[0], new Shape(2, 4, 3, 2)), new Shape(1, 3, 1));
        yield return Case("reshape", (t, v) => t.Multiply(t.Reshape(v[0], new Shape(3, 2)), v[1]), Small, new Shape(3, 2));
        foreach ((int first, int axes) in new[] { (0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (0, 3) })
        {
            yield return Case($"sum {first} {axes}", (t, v) => t.Sum(t.Multiply(v[0], v[0]), first, axes), new Shape(2, 3, 2));
            yield return Case(
                $"broadcast {first} {axes}",
                (t, v) =>
                {
                    Variable b = t.Broadcast(t.Sum(v[0], first, axes), v[0].Shape, first, axes);
                    return t.Multiply(b, b);
                },
                new Shape(2, 3, 2)
            );
        }

        yield return Case("mean", (t, v) => t.Mean(t.Multiply(v[0], v[0])), Small);
        foreach ((bool a, bool b) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            yield return Case(
                $"matmul {a} {b}",
                (t, v) => t.MatMul(v[0], v[1], a, b),
                a ? new Shape(3, 2) : new Shape(2, 3),
                b ? new Shape(4, 3) : new Shape(3, 4)
            );
            yield return Case(
                $"batched matmul {a} {b}",
                (t, v) => t.BatchedMatMul(v[0], v[1], a, b),
                a ? new Shape(2, 3, 2) : new Shape(2, 2, 3),
                b ? new Shape(2, 1, 3) : new Shape(2, 3, 1)
            );
        }

        foreach (ConvolutionProblem p in Convolutions())
        {
            yield return Case($"convolution {p}", (t, v) => t.Convolve(p, v[0], v[1]), p.InputShape, p.WeightShape);
            yield return Case(
                $"data gradient {p}",
                (t, v) => t.ConvolveBackwardData(p, v[0], v[1]),
                p.OutputShape,
                p.WeightShape
            );
            yield return Case(
                $"weight gradient {p}",
                (t, v) => t.ConvolveBackwardWeights(p, v[0], v[1]),
                p.InputShape,
                p.OutputShape
            );
        }

        yield return Case(
            "convolution with bias",
            (t, v) =>
            {
                ConvolutionProblem p = ConvolutionProblem.Same(v[0].Shape, v[1].Shape);
                return t.Convolve(p, v[0], v[1], v[2]);
            },
            new Shape(1, 1, 3, 3, 2),
            new Shape(1, 3, 3, 2, 3),
            new Shape(3)
        );
        yield return Case(
            "transposed convolution",
            (t, v) => t.ConvolveTransposed(v[0], v[1], new Size3(1, 2, 2)),
            new Shape(1, 1, 2, 3, 2),
            new Shape(1, 3, 3, 2, 2)
        );
        yield return Case(
            "transposed convolution with bias",
            (t, v) => t.ConvolveTransposed(v[0], v[1], Size3.Cube(2), v[2]),
            new Shape(1, 2, 2, 1, 2),
            new Shape(3, 3, 1, 2, 2),
            new Shape(2)
        );
        yield return Case(
            "concat",
            (t, v) => t.Multiply(t.Concat(^1, v[0], v[1]), t.Concat(^1, v[1], v[0])),
            new Shape(2, 1, 1, 2, 3),
            new Shape(2, 1, 1, 2, 2)
        );
        yield return Case(
            "concat samples",
            (t, v) => t.Multiply(t.Concat(0, v[0], v[1]), t.Concat(0, v[1], v[0])),
            new Shape(3, 2),
            new Shape(1, 2)
        );
        yield return Case(
            "slice samples",
            (t, v) => t.Multiply(t.Slice(v[0], 0, 1, 2), t.Slice(v[0], 0, 0, 2)),
            new Shape(3, 2, 2)
        );
        yield return Case("slice rows", (t, v) => t.Multiply(t.Slice(v[0], 1, 2, 1), t.Slice(v[0], 1, 0, 1)), new Shape(2, 3, 2));
        yield return Case(
            "slice channels",
            (t, v) => t.Multiply(t.Slice(v[0], ^1, 1, 2), t.Slice(v[0], ^1, 0, 2)),
            new Shape(2, 3)
        );
        yield return Case("pad channels", (t, v) => t.Multiply(t.Pad(v[0], ^1, 1, 5), v[1]), new Shape(2, 3), new Shape(2, 5));
        foreach ((int axis, int step) in new[] { (0, 2), (1, 1), (1, 2), (1, 3), (2, 2), (2, 7) })
            yield return Case($"every {axis} {step}", (t, v) => t.Every(t.Multiply(v[0], v[0]), axis, step), new Shape(3, 5, 4));
        foreach (bool transposed in new[] { false, true })
        {
            yield return Case(
                $"pixel shuffle {transposed}",
                (t, v) => t.Multiply(t.PixelShuffle(v[0], 2, transposed), v[1]),
                new Shape(1, 1, 2, 1, 8),
                new Shape(1, 1, 4, 2, 2)
            );
            yield return Case(
                $"pixel unshuffle {transposed}",
                (t, v) => t.Multiply(t.PixelUnshuffle(v[0], 2, transposed), v[1]),
                new Shape(1, 1, 4, 2, 2),
                new Shape(1, 1, 2, 1, 8)
            );
        }

        foreach (PoolingProblem p in Poolings())
        {
            yield return Case(
                $"average pool {p.InputShape} {p.Window} {p.Stride}",
                (t, v) =>
                {
                    Variable y = t.AveragePool(p, v[0]);
                    return t.Multiply(y, y);
                },
                p.InputShape
            );
        }

        yield return Case("dropout", (t, v) => t.Multiply(t.Dropout(v[0], new DropoutMask(0.7, 3, 4)), v[0]), new Shape(3, 7));
        foreach (int narrow in new[] { 2, 4 })
        {
            yield return Case(
                $"residual add {narrow}",
                (t, v) => t.AddResidual(t.Multiply(v[0], v[0]), t.Multiply(v[1], v[1]), new DropoutMask(0.6, 1, 2)),
                new Shape(2, 1, 2, 2, narrow),
                new Shape(2, 1, 2, 2, 4)
            );
        }
    }

    private static IEnumerable<ConvolutionProblem> Convolutions()
    {
        yield return ConvolutionProblem.Same(new Shape(2, 1, 3, 4, 2), new Shape(1, 3, 3, 2, 3));
        yield return ConvolutionProblem.Same(new Shape(1, 1, 5, 4, 2), new Shape(1, 3, 3, 2, 2), dilation: Size3.Planar(2));
        yield return ConvolutionProblem.Same(new Shape(1, 1, 5, 4, 2), new Shape(1, 3, 3, 2, 2), stride: new Size3(1, 2, 2));
        yield return ConvolutionProblem.Same(new Shape(1, 1, 3, 4, 2), new Shape(1, 5, 3, 2, 1), padding: PaddingMode.Symmetric);
        yield return ConvolutionProblem.Same(new Shape(1, 3, 3, 2, 2), new Shape(3, 3, 1, 2, 2));
        yield return ConvolutionProblem.Same(new Shape(1, 4, 3, 3, 1), new Shape(3, 3, 3, 1, 2), stride: Size3.Cube(2));
        yield return ConvolutionProblem.Valid(new Shape(1, 1, 4, 4, 2), new Shape(1, 2, 3, 2, 2));
        yield return ConvolutionProblem.Same(new Shape(1, 1, 1, 1, 3), new Shape(1, 1, 1, 3, 2));
    }

    private static IEnumerable<PoolingProblem> Poolings()
    {
        yield return new PoolingProblem(new Shape(2, 1, 4, 4, 2), Size3.Planar(2), Size3.Planar(2));
        yield return new PoolingProblem(new Shape(1, 1, 5, 3, 2), Size3.Planar(2), Size3.Planar(2));
        yield return new PoolingProblem(new Shape(1, 1, 5, 4, 1), Size3.Planar(3), Size3.Planar(2));
        yield return new PoolingProblem(new Shape(1, 4, 2, 2, 2), Size3.Cube(2), Size3.Cube(2));
    }

    private static IEnumerable<TestCaseData> Fused()
    {
        foreach (PoolingProblem p in Poolings())
            yield return Case(
                $"max pool {p.InputShape} {p.Window} {p.Stride}",
                (t, v) => t.MaxPool(p, t.Multiply(v[0], v[0])),
                p.InputShape
            );
        foreach (bool scored in new[] { true, false })
        {
            // Whole, over the border, outside, of no image.
            float[] corners = [1, 0, 0, 4, 6, 0, -2, 2, 5, 9, 0, 20, 0, 30, 4, 2, 0, 0, 4, 6];
            var p = new RoiPoolingProblem(new Shape(2, 1, 4, 3, 2), 4, 3, 0.5);
            yield return Case(
                $"roi max pool {(scored ? "with" : "without")} scores",
                (t, v) =>
                    t.RoiMaxPool(
                        p,
                        t.Multiply(v[0], v[0]),
                        Tensor.From<float>(t.Device, p.CornersShape, corners),
                        scored ? Tensor.From<double>(t.Device, p.ScoresShape, [0.5, -2, 1, 3]) : null
                    ),
                p.InputShape
            );
        }

        foreach (NormalizationKind kind in Enum.GetValues<NormalizationKind>())
        {
            foreach (double keep in new[] { 1, 0.7 })
            {
                foreach (int[] ofSample in new int[][] { [0, 1, 0, 1], [1, 1, 1, 1] })
                {
                    var shape = new Shape(4, 1, 2, 3, 4);
                    var affine = new Shape(2, 4);
                    var p = new NormalizationProblem(
                        shape,
                        kind,
                        new ModalityIndex(2, ofSample),
                        2,
                        1e-3,
                        0.2,
                        new DropoutMask(keep, 7, 9)
                    );
                    yield return Case(
                        $"normalization {kind} keep {keep} {string.Join("", ofSample)}",
                        (t, v) => t.Normalize(p, v[0], v[1], v[2]),
                        shape,
                        affine,
                        affine
                    );
                }
            }
        }

        foreach (bool ofInput in new[] { true, false })
        {
            var p = new NormalizationProblem(
                new Shape(2, 1, 4, 3, 2),
                NormalizationKind.Batch,
                new ModalityIndex(2, 0, 1),
                1,
                1e-3,
                0.2,
                new DropoutMask(0.7, 7, 9)
            );
            var weights = new Shape(1, 3, 3, 2, 3);
            yield return Case(
                $"normalized convolution {(ofInput ? "by its own" : "by given")} statistics",
                (t, v) => NormalizeAndConvolve(t, v, p, ofInput),
                p.InputShape,
                p.AffineShape,
                p.AffineShape,
                weights
            );
        }

        foreach (bool hasBias in new[] { true, false })
        {
            // Three parts: normalized by its own statistics, as it is, and the first again.
            var p = new NormalizationProblem(
                new Shape(2, 2, 3, 3, 2),
                NormalizationKind.Batch,
                new ModalityIndex(2, 0, 1),
                1,
                1e-3,
                0.2,
                DropoutMask.None
            );
            Shape plain = new(2, 2, 3, 3, 3),
                weights = new(2, 3, 1, 7, 2);
            Shape[] shapes =
            [
                p.InputShape,
                p.AffineShape,
                p.AffineShape,
                plain,
                weights,
                .. hasBias ? [new Shape(2)] : Array.Empty<Shape>(),
            ];
            yield return Case(
                $"normalized convolution of parts {(hasBias ? "with" : "without")} bias",
                (t, v) => ConvolveParts(t, v, p),
                shapes
            );
        }

        var one = new NormalizationProblem(
            new Shape(3, 4),
            NormalizationKind.Batch,
            new ModalityIndex(1, 0, 0, 0),
            1,
            1e-3,
            0.2,
            DropoutMask.None
        );
        yield return Case(
            "normalization of vectors",
            (t, v) => t.Normalize(one, v[0], v[1], v[2]),
            one.InputShape,
            one.AffineShape,
            one.AffineShape
        );
        foreach (bool timesSquared in new[] { true, false })
        {
            yield return Case(
                $"softmax kl {(timesSquared ? "times T^2" : "")}",
                (t, v) => t.SoftmaxKl(Constant(t, new Shape(2, 2, 3)), v[0], 2.5, timesSquared),
                new Shape(2, 2, 3)
            );
        }
    }

    private static Variable Constant(Tape tape, Shape shape) =>
        tape.Input(Tensor.From<double>(tape.Device, shape, Values(shape, 23)));

    /// <summary>Indices, of which some are of no element.</summary>
    private static Tensor Places(Tape tape, Shape shape) =>
        Tensor.From<byte>(tape.Device, shape, [.. Enumerable.Range(0, (int)shape.Count).Select(i => (byte)(i % 4))]);

    private static Shape Without(Shape shape, int axis) => new([.. shape.AsSpan()[..axis], .. shape.AsSpan()[(axis + 1)..]]);

    private static Variable NormalizeAndConvolve(Tape tape, Variable[] v, NormalizationProblem p, bool ofInput)
    {
        Tensor mean = Tensor.From<double>(tape.Device, p.StatisticsShape, Values(p.StatisticsShape, 8));
        Tensor variance = Tensor.From<double>(
            tape.Device,
            p.StatisticsShape,
            [.. Values(p.StatisticsShape, 9).Select(value => 1.5 + value)]
        );
        if (ofInput)
            tape.Backend.NormalizationStatistics(p, v[0].Value, mean, variance);
        return tape.ConvolveNormalized(
            ConvolutionProblem.Same(p.InputShape, v[3].Shape),
            [new ConvolutionPart(v[0], new NormalizedInput(p, mean, variance, v[1], v[2], ofInput))],
            v[3]
        );
    }

    private static Variable ConvolveParts(Tape tape, Variable[] v, NormalizationProblem p)
    {
        Tensor mean = Tensor.Allocate(tape.Device, p.StatisticsShape, DType.Float64),
            variance = Tensor.Allocate(tape.Device, p.StatisticsShape, DType.Float64);
        tape.Backend.NormalizationStatistics(p, v[0].Value, mean, variance);
        var input = new NormalizedInput(p, mean, variance, v[1], v[2], OfInput: true, IsOwned: false);
        ConvolutionPart[] parts = [new(v[0], input), new(v[3]), new(v[0], input)];
        return tape.ConvolveNormalized(
            ConvolutionProblem.Same(new Shape(2, 2, 3, 3, 7), v[4].Shape),
            parts,
            v[4],
            v.Length > 5 ? v[5] : null
        );
    }

    [TestCaseSource(nameof(Unfused))]
    [TestCaseSource(nameof(Fused))]
    public void First_derivatives(Computation computation, Shape[] shapes)
    {
        using var check = new GradientCheck();
        check.First(computation, [.. shapes.Select((s, i) => ValuesOffZero(s, i + 1))], shapes);
    }

    [TestCaseSource(nameof(Unfused))]
    public void Second_derivatives(Computation computation, Shape[] shapes)
    {
        // Linear operations have no second derivative of their own: composing with a cube gives them one.
        using var check = new GradientCheck();
        check.Second(
            (t, v) =>
            {
                Variable y = computation(t, v);
                return t.Multiply(y, t.Multiply(y, y));
            },
            [.. shapes.Select((s, i) => ValuesOffZero(s, i + 1))],
            shapes
        );
    }

    [TestCaseSource(nameof(Fused))]
    public void Fused_operations_refuse_second_derivatives(Computation computation, Shape[] shapes)
    {
        using var check = new GradientCheck();
        Assert.That(
            () => check.Second(computation, [.. shapes.Select((s, i) => ValuesOffZero(s, i + 1))], shapes),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("second derivative")
        );
    }

    [Test]
    public void Normalization_by_given_statistics(
        [Values] NormalizationKind kind,
        [Values(1, 0.7)] double keep,
        [Values("01", "11")] string modality
    )
    {
        var problem = new NormalizationProblem(
            new Shape(2, 1, 2, 2, 4),
            kind,
            new ModalityIndex(2, [.. modality.Select(c => c - '0')]),
            2,
            1e-3,
            0.2,
            new DropoutMask(keep, 3, 5)
        );
        Shape[] shapes = [problem.InputShape, problem.AffineShape, problem.AffineShape];
        using var check = new GradientCheck();
        check.First(
            (t, v) =>
                t.NormalizeBy(
                    problem,
                    v[0],
                    Tensor.From<double>(t.Device, problem.StatisticsShape, Values(problem.StatisticsShape, 8)),
                    Tensor.From<double>(
                        t.Device,
                        problem.StatisticsShape,
                        [.. Values(problem.StatisticsShape, 9).Select(v => 1.5 + v)]
                    ),
                    v[1],
                    v[2]
                ),
            [.. shapes.Select((s, i) => ValuesOffZero(s, i + 1))],
            shapes
        );
    }

    /// <summary>By the public methods of the folder, so that a new operation without a case fails here.</summary>
    [Test]
    public void Every_operation_has_a_case()
    {
        (string Method, string Case)[] covered =
        [
            (nameof(Absolute.Abs), "abs"),
            (nameof(Addition.Add), "add"),
            (nameof(SoftmaxOperation.Softmax), "softmax"),
            (nameof(SoftmaxOperation.LogSoftmax), "log softmax"),
            (nameof(GradientStop.StopGradient), "stop gradient"),
            (nameof(HyperbolicTangent.Tanh), "tanh"),
            (nameof(Indexing.Gather), "gather"),
            (nameof(Indexing.Scatter), "scatter"),
            (nameof(SigmoidOperation.Sigmoid), "sigmoid"),
            (nameof(Maximum.Max), "max"),
            (nameof(Moments.InstanceMoments), "instance variance"),
            (nameof(ReluOperation.Relu), "relu"),
            (nameof(SoftplusOperation.Softplus), "softplus"),
            (nameof(SoftmaxKlOperation.SoftmaxKl), "softmax kl"),
            (nameof(Reduction.BroadcastTo), "broadcast to"),
            (nameof(Ranges.Concat), "concat"),
            (nameof(Ranges.Slice), "slice channels"),
            (nameof(Ranges.Pad), "pad channels"),
            (nameof(Ranges.Every), "every"),
            (nameof(Conversion.Convert), "convert"),
            (nameof(Convolution.Convolve), "convolution"),
            (nameof(Convolution.ConvolveBackwardData), "data gradient"),
            (nameof(Convolution.ConvolveBackwardWeights), "weight gradient"),
            (nameof(Division.Divide), "divide"),
            (nameof(DropoutOperation.Dropout), "dropout"),
            (nameof(Exponential.Exp), "exp"),
            (nameof(LeakyRelu.LeakyReLU), "leaky relu"),
            (nameof(Logarithm.Log), "log"),
            (nameof(MatMulOperation.MatMul), "matmul"),
            (nameof(MatMulOperation.BatchedMatMul), "batched matmul"),
            (nameof(L2Normalization.L2Normalize), "l2 normalize"),
            (nameof(Multiplication.Multiply), "multiply"),
            (nameof(Normalization.Normalize), "normalization"),
            (nameof(Normalization.NormalizeBy), nameof(Normalization_by_given_statistics)),
            (nameof(PixelShuffleOperation.PixelShuffle), "pixel shuffle"),
            (nameof(PixelShuffleOperation.PixelUnshuffle), "pixel unshuffle"),
            (nameof(Pooling.MaxPool), "max pool"),
            (nameof(Pooling.AveragePool), "average pool"),
            (nameof(RoiPooling.RoiMaxPool), "roi max pool"),
            (nameof(NormalizedConvolution.ConvolveNormalized), "normalized convolution"),
            (nameof(Reshaping.Reshape), "reshape"),
            (nameof(ResidualAdd.AddResidual), "residual add"),
            (nameof(Scaling.Scale), "scale"),
            (nameof(SquareRoot.Sqrt), "sqrt"),
            (nameof(Subtraction.Subtract), "subtract"),
            (nameof(Reduction.Sum), "sum"),
            (nameof(Reduction.Mean), "mean"),
            (nameof(Reduction.Broadcast), "broadcast"),
            (nameof(TransposedConvolution.ConvolveTransposed), "transposed convolution"),
        ];
        string[] cases =
        [
            nameof(Normalization_by_given_statistics),
            .. Unfused().Concat(Fused()).Select(c => c.TestName!["{m}: ".Length..]),
        ];
        string[] operations =
        [
            .. typeof(Addition)
                .Assembly.GetTypes()
                .Where(type => type.Namespace == typeof(Addition).Namespace && type.IsPublic)
                .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
                .Where(method => !method.IsSpecialName)
                .Select(method => method.Name)
                .Distinct(),
        ];
        Assert.That(covered.Select(c => c.Method), Is.EquivalentTo(operations), "give each new operation a case");
        Assert.That(covered.Where(c => !cases.Any(name => name.StartsWith(c.Case, StringComparison.Ordinal))), Is.Empty);
    }

    private static TestCaseData Case(string name, Computation computation, params Shape[] shapes) =>
        new TestCaseData(computation, shapes).SetName("{m}: " + name);
}
