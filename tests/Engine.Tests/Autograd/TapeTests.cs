using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Autograd;

/// <summary>What is recorded, computed, kept and freed.</summary>
internal sealed class TapeTests
{
    private Device device = null!;
    private WatchedBackend watched = null!;
    private TensorScope scope = null!;
    private Tape tape = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        watched = new WatchedBackend(device);
        scope = TensorScope.Open(device);
        tape = new Tape(watched.Backend);
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        watched.Dispose();
        device.Dispose();
    }

    [TestCase(false, true, 0, 1)]
    [TestCase(true, false, 1, 0)]
    [TestCase(true, true, 1, 1)]
    public void Only_wanted_gradients_are_computed(bool ofImage, bool ofWeights, int dataGradients, int weightGradients)
    {
        Variable x = Leaf(new Shape(1, 1, 3, 3, 2), ofImage),
            w = Leaf(new Shape(1, 3, 3, 2, 2), ofWeights);
        tape.Backward(tape.Sum(tape.Convolve(ConvolutionProblem.Same(x.Shape, w.Shape), x, w)));
        Assert.That(watched.CallsOf(nameof(Backend.ConvolutionBackwardData)), Is.EqualTo(dataGradients));
        Assert.That(watched.CallsOf(nameof(Backend.ConvolutionBackwardWeights)), Is.EqualTo(weightGradients));
        Assert.That((x.Gradient is not null, w.Gradient is not null), Is.EqualTo((ofImage, ofWeights)));
    }

    [Test]
    public void Named_gradients_leave_out_the_rest()
    {
        Variable x = Leaf(new Shape(1, 1, 3, 3, 2)),
            w = Leaf(new Shape(1, 3, 3, 2, 2));
        tape.Gradients(tape.Sum(tape.Convolve(ConvolutionProblem.Same(x.Shape, w.Shape), x, w)), [x]);
        Assert.That(watched.CallsOf(nameof(Backend.ConvolutionBackwardWeights)), Is.Zero);
        Assert.That(
            (x.Gradient, w.Gradient),
            Is.EqualTo(((Tensor?)null, (Tensor?)null)),
            "Gradients returns them and stores none"
        );
    }

    [Test]
    public void Nothing_is_recorded_without_need()
    {
        Variable constant = tape.Multiply(Leaf(new Shape(2), false), Leaf(new Shape(2), false));
        var inference = new Tape(watched.Backend, recording: false);
        Variable inferred = inference.Multiply(Leaf(new Shape(2)), Leaf(new Shape(2)));
        Assert.That((tape.Count, inference.Count), Is.EqualTo((0, 0)));
        Assert.That((constant.RequiresGradient, inferred.RequiresGradient), Is.EqualTo((false, false)));
    }

    [Test]
    public void Gradients_of_backward_passes_add_up_until_cleared()
    {
        Variable x = Scalar(3);
        for (int pass = 1; pass <= 2; pass++)
        {
            tape.Backward(tape.Multiply(x, x));
            Assert.That(x.Gradient!.ToScalar(), Is.EqualTo(6 * pass));
        }

        x.ClearGradient();
        Assert.That(x.Gradient, Is.Null);
    }

    [Test]
    public void Uses_of_one_variable_add_up()
    {
        Variable x = Scalar(2),
            square = tape.Multiply(x, x);
        tape.Backward(tape.Add(tape.Add(square, square), tape.Multiply(square, x)));
        Assert.That(x.Gradient!.ToScalar(), Is.EqualTo((4 * 2) + (3 * 4)));
    }

    [Test]
    public void Leaves_that_share_a_gradient_own_one_each()
    {
        Variable a = Scalar(1),
            b = Scalar(2);
        tape.Backward(tape.Add(a, b));
        a.ClearGradient();
        Assert.That(b.Gradient!.ToScalar(), Is.EqualTo(1));
    }

    [Test]
    public void A_result_off_the_path_gets_no_gradient()
    {
        Variable x = Scalar(2),
            unused = Scalar(5);
        _ = tape.Exp(tape.Multiply(unused, x));
        tape.Backward(tape.Multiply(x, x));
        Assert.That((x.Gradient!.ToScalar(), unused.Gradient), Is.EqualTo((4.0, (Tensor?)null)));
    }

    [Test]
    public void Gradients_of_what_the_output_does_not_depend_on_are_zero()
    {
        Variable x = Scalar(2),
            other = Leaf(new Shape(2, 2));
        Variable[] gradients = tape.Gradients(tape.Multiply(x, x), [x, other]);
        Assert.That(gradients[0].Value.ToScalar(), Is.EqualTo(4));
        Assert.That(gradients[1].Value.ToArray<double>(), Is.EqualTo(new double[4]));
        Assert.That(tape.Gradients(x, [other])[0].Value.ToArray<double>(), Is.EqualTo(new double[4]));
        tape.Backward(tape.Scale(x, 3));
        Assert.That(x.Gradient!.ToScalar(), Is.EqualTo(3), "nothing is left of the passes before");
    }

    [Test]
    public void Several_losses_can_be_differentiated_on_one_recording()
    {
        Variable x = Scalar(3),
            square = tape.Multiply(x, x),
            cube = tape.Multiply(square, x);
        Assert.That(tape.Gradients(square, [x])[0].Value.ToScalar(), Is.EqualTo(6));
        Assert.That(tape.Gradients(cube, [x, square]).Select(g => g.Value.ToScalar()), Is.EqualTo(new[] { 27.0, 3.0 }));
    }

    [Test]
    public void Third_derivatives_exist()
    {
        Variable x = Scalar(2),
            y = tape.Multiply(tape.Multiply(x, x), tape.Multiply(x, x));
        for (int order = 1; order <= 3; order++)
            y = tape.Gradients(y, [x], createGraph: true)[0];
        Assert.That(y.Value.ToScalar(), Is.EqualTo(24 * 2));
    }

    [Test]
    public void Only_one_element_can_be_differentiated()
    {
        Variable x = Leaf(new Shape(2, 3)),
            y = tape.Scale(x, 2);
        Assert.That(
            () => tape.Backward(y),
            Throws.ArgumentException.With.Message.Contains("(2, 3)").And.Message.Contains("sum it")
        );
        Assert.That(() => tape.Gradients(y, [x]), Throws.ArgumentException.With.Message.Contains("sum it"));
        Assert.That(
            () => tape.Gradients(y, [Scalar(1)]),
            Throws.ArgumentException.With.Message.Contains("sum it"),
            "even where it does not matter"
        );
    }

    [Test]
    public void Backward_needs_a_recorded_loss()
    {
        Variable x = Scalar(2),
            loss = tape.Multiply(x, x);
        tape.Backward(loss);
        Assert.That(() => tape.Backward(loss), Throws.ArgumentException.With.Message.Contains("recorded"), "the tape is empty");
        Assert.That(
            () => tape.Backward(tape.Exp(Leaf(new Shape(), false))),
            Throws.ArgumentException.With.Message.Contains("recorded"),
            "a constant"
        );
        Assert.That(x.Gradient!.ToScalar(), Is.EqualTo(4));
    }

    [Test]
    public void A_failed_backward_pass_leaves_nothing_behind()
    {
        Variable x = Scalar(2),
            y = Scalar(3);
        Variable loss = tape.Add(tape.Multiply(x, tape.Abs(y)), x);
        watched.Failing = nameof(Backend.Unary);
        Assert.That(() => tape.Backward(loss), Throws.TypeOf<OutOfMemoryException>());
        watched.Failing = null;
        Assert.That((x.Gradient, y.Gradient), Is.EqualTo(((Tensor?)null, (Tensor?)null)));

        var next = new Tape(watched.Backend);
        next.Backward(next.Multiply(x, y));
        Assert.That((x.Gradient!.ToScalar(), y.Gradient!.ToScalar()), Is.EqualTo((3.0, 2.0)));
    }

    [Test]
    public void Intermediate_values_are_freed_in_the_backward_pass_unless_retained()
    {
        Variable x = Scalar(2),
            square = tape.Multiply(x, x),
            retained = tape.Exp(square).Retain();
        tape.Backward(tape.Multiply(retained, square));
        Assert.That(retained.Value.ToScalar(), Is.EqualTo(Math.Exp(4)).Within(1e-12));
        Assert.That(() => square.Value, Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("released"));
    }

    [Test]
    public void Released_values_are_kept_where_a_rule_needs_them()
    {
        Variable x = Scalar(2),
            sum = tape.Add(x, x),
            square = tape.Multiply(sum, sum);
        Variable total = tape.Scale(square, 5);
        Tape.Release(sum);
        Tape.Release(square);
        Assert.That(sum.Value.ToScalar(), Is.EqualTo(4), "the product's rule reads it");
        Assert.That(() => square.Value, Throws.TypeOf<ObjectDisposedException>(), "no rule reads it");
        tape.Backward(total);
        Assert.That(x.Gradient!.ToScalar(), Is.EqualTo(5 * 2 * 4 * 2));
    }

    [Test]
    public void A_released_normalization_is_computed_again()
    {
        Variable Loss(Tape on, Variable x, Variable gamma, Variable beta, bool release)
        {
            var problem = new NormalizationProblem(
                x.Shape,
                NormalizationKind.Batch,
                new ModalityIndex(1, 0, 0, 0),
                1,
                1e-3,
                0.2,
                DropoutMask.None
            );
            Variable y = on.Normalize(problem, x, gamma, beta),
                loss = on.Sum(on.Multiply(y, y));
            if (release)
                Tape.Release(y);
            return loss;
        }

        double[][] gradients =
        [
            .. new[] { false, true }.Select(release =>
            {
                Variable x = Leaf(new Shape(3, 4)),
                    gamma = Leaf(new Shape(1, 4)),
                    beta = Leaf(new Shape(1, 4));
                tape.Backward(Loss(tape, x, gamma, beta, release));
                return x.Gradient!.ToArray<double>();
            }),
        ];
        Assert.That(gradients[1], Is.EqualTo(gradients[0]));
        Assert.That(watched.CallsOf(nameof(Backend.NormalizationForward)), Is.EqualTo(3), "twice forward, once again");
    }

    [Test]
    public void A_leaf_is_completed_once_when_nothing_ahead_reads_it()
    {
        Variable first = Scalar(2),
            second = Scalar(3),
            unused = Scalar(5);
        List<(Variable Leaf, double Gradient)> completed = [];
        Variable product = tape.Multiply(first, second),
            y = tape.Multiply(product, first);
        tape.Multiply(unused, unused);
        Tensor one = Tensor.From<double>(device, y.Shape, [1]);
        tape.Backward(
            y,
            one,
            leaf =>
            {
                completed.Add((leaf, leaf.Gradient!.ToScalar()));
                leaf.ClearGradient();
            }
        );
        Assert.That(completed, Is.EqualTo([(first, 12.0), (second, 4.0)]), "y = 2 * 3 * 2 by each leaf");
        Assert.That(
            (first.Gradient, second.Gradient, unused.Gradient),
            Is.EqualTo(((Tensor?)null, (Tensor?)null, (Tensor?)null))
        );
    }

    [Test]
    public void Inference_frees_what_is_released()
    {
        var inference = new Tape(watched.Backend, recording: false);
        Variable y = inference.Exp(Scalar(1));
        int live = device.Pool.LiveBuffers;
        Tape.Release(y);
        Assert.That(device.Pool.LiveBuffers, Is.EqualTo(live - 1));
    }

    [Test]
    public void A_step_returns_all_its_buffers()
    {
        Variable x = new(Tensor.From<double>(device, new Shape(1, 1, 4, 4, 2), new double[32]).Detach(), true),
            w = new(Tensor.From<double>(device, new Shape(1, 3, 3, 2, 2), new double[36]).Detach(), true);
        int live = device.Pool.LiveBuffers;
        long allocations = 0;
        for (int step = 1; step <= 3; step++)
        {
            using (TensorScope inner = TensorScope.Open(device))
            {
                Variable y = tape.LeakyReLU(tape.Convolve(ConvolutionProblem.Same(x.Shape, w.Shape), x, w), 0.2);
                Variable first = tape.Sum(tape.Gradients(tape.Sum(tape.Multiply(y, y)), [x], createGraph: true)[0]);
                tape.Backward(first);
            }

            x.ClearGradient();
            w.ClearGradient();
            Assert.That(device.Pool.LiveBuffers, Is.EqualTo(live), $"step {step}");
            if (step > 1)
                Assert.That(device.Pool.DeviceAllocations, Is.EqualTo(allocations), $"step {step}");
            allocations = device.Pool.DeviceAllocations;
        }

        x.Value.Dispose();
        w.Value.Dispose();
    }

    private Variable Leaf(Shape shape, bool requiresGradient = true) =>
        new(Tensor.From<double>(device, shape, GradientCheck.Values(shape)), requiresGradient);

    private Variable Scalar(double value) => new(Tensor.From<double>(device, new Shape(), [value]), requiresGradient: true);
}
