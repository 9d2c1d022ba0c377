using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Optimizers;

/// <summary>The surface that a program without modalities and schemes sees.</summary>
internal sealed class PlainUseTests
{
    private Device device = null!;
    private CpuBackend backend = null!;
    private ParameterStore store = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, threads: 1);
        store = new ParameterStore(device, DType.Float32, seed: 1);
    }

    [TearDown]
    public void Close()
    {
        store.Dispose();
        backend.Dispose();
        device.Dispose();
    }

    [Test]
    public void A_small_network_learns_exclusive_or([Values] bool byAdam)
    {
        var hidden = new Linear(store, "hidden", 2, 8, Initializer.Normal(1));
        var head = new Linear(store, "head", 8, 1, Initializer.Normal(1), hasBias: false);
        using Optimizer optimizer = byAdam ? new Adam(backend, store) : new Sgd(backend, store);
        double loss = double.NaN;
        for (int step = 0; step < 300; step++)
        {
            using TensorScope scope = TensorScope.Open(device);
            var tape = new Tape(backend);
            var context = new ForwardContext(tape) { Training = true };
            Variable x = tape.Input(Tensor.From<float>(device, new Shape(4, 2), [0, 0, 0, 1, 1, 0, 1, 1])),
                target = tape.Input(Tensor.From<float>(device, new Shape(4, 1), [0, 1, 1, 0]));
            Variable logits = head.Forward(context, tape.Tanh(hidden.Forward(context, x)));
            Variable total = tape.BinaryCrossEntropyWithLogits(logits, target);
            loss = total.Value.ToScalar();
            tape.Backward(total);
            optimizer.Step(byAdam ? 0.05 : 0.2);
        }

        Assert.That(loss, Is.LessThan(0.1));
        Assert.That(optimizer.Updates, Is.EqualTo(300));
        Assert.That(store.All.Select(p => p.Variable.Gradient), Has.All.Null, "gradients are cleared");
    }

    [Test]
    public void Minimize_is_one_step_of_scope_tape_and_update()
    {
        var layer = new Linear(store, "a", 1, 1, Initializer.Ones, hasBias: false);
        using var sgd = new Sgd(backend, store, momentum: 0);
        int live = device.Pool.LiveBuffers;
        double loss = sgd.Minimize(learningRate: 0.1, pass => pass.Tape.Sum(layer.Forward(pass, Input(pass, 3))));
        Assert.That((loss, sgd.Updates), Is.EqualTo((3, 1L)), "the loss before the update");
        Assert.That(store["a.kernel"].Value.ToScalar(), Is.EqualTo(1 - (0.1 * 3)).Within(1e-6));
        Assert.That(
            () => sgd.Minimize(0.1, pass => pass.Tape.Sum(layer.Forward(pass, Input(pass, float.NaN)))),
            Throws.TypeOf<ArithmeticException>().With.Message.EqualTo("the loss of update 2 is NaN")
        );
        Assert.That(
            () => sgd.Minimize(0.1, pass => layer.Forward(pass, pass.Tape.Input(new Shape(2, 1), [1, 2]))),
            Throws.ArgumentException.With.Message.Contains("sum it first")
        );
        Assert.That((sgd.Updates, device.Pool.LiveBuffers), Is.EqualTo((1L, live)), "nothing is left of what failed");
        Assert.That(store["a.kernel"].Value.ToScalar(), Is.EqualTo(1 - (0.1 * 3)).Within(1e-6));

        static Variable Input(ForwardContext pass, float value) => pass.Tape.Input(new Shape(1, 1), [value]);
    }

    [Test]
    public void Updates_of_a_store_are_those_of_its_tensors()
    {
        var layer = new Linear(store, "a", 1, 1, Initializer.Ones);
        using var adam = new Adam(backend, store, l2: 0.5);
        using Tensor weight = Tensor.From<float>(device, new Shape(1, 1), [1]);
        using var explicitly = new Adam(backend, [new OptimizedTensor("w", weight, IsDecayed: true)], l2: 0.5);
        for (int step = 1; step <= 3; step++)
        {
            using TensorScope scope = TensorScope.Open(device);
            var tape = new Tape(backend);
            Variable x = tape.Input(Tensor.From<float>(device, new Shape(1, 1), [3]));
            tape.Backward(tape.Sum(layer.Forward(new ForwardContext(tape), x)));
            adam.Step(0.1);
            explicitly.Step(step, 0.1, [Tensor.From<float>(device, new Shape(1, 1), [3])]);
        }

        Assert.That(store["a.kernel"].Value.ToScalar(), Is.EqualTo(weight.ToScalar()));
        Assert.That(() => explicitly.Step(0.1), Throws.InvalidOperationException.With.Message.Contains("no ParameterStore"));
    }

    [Test]
    public void Operators_record_on_the_tape_of_an_operand()
    {
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable parameter = new(Tensor.From<float>(device, new Shape(), [3]), requiresGradient: true),
            x = tape.Input(Tensor.From<float>(device, new Shape(2), [1, 2]));
        Variable y = 1 - ((-((parameter * x) + 2) / 4 - (2 * x)) / x) + (x - 1) / (x + 1) + (3 + x) * 2;
        float[] expected =
        [
            .. new[] { 1f, 2f }.Select(v => 1 - ((-((3 * v) + 2) / 4 - (2 * v)) / v) + ((v - 1) / (v + 1)) + ((3 + v) * 2)),
        ];
        Assert.That(y.Value.ToArray<float>(), Is.EqualTo(expected).Within(1e-6));
        tape.Backward(tape.Sum(y));
        Assert.That(parameter.Gradient!.ToScalar(), Is.EqualTo(2 * 0.25).Within(1e-6));
        parameter.ClearGradient();
    }

    [Test]
    public void Operators_without_a_tape_say_what_to_do()
    {
        using TensorScope scope = TensorScope.Open(device);
        Variable a = new(Tensor.From<float>(device, new Shape(2), [1, 2]));
        Assert.That(() => a + a, Throws.InvalidOperationException.With.Message.Contains("tape.Input(tensor)"));
        Variable other = new Tape(backend).Input(a.Value),
            own = new Tape(backend).Input(a.Value);
        Assert.That(() => own * other, Throws.InvalidOperationException.With.Message.Contains("different tapes"));
    }

    [Test]
    public void Nothing_flows_through_a_stopped_gradient()
    {
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable x = tape.Input(Tensor.From<float>(device, new Shape(), [3]), requiresGradient: true);
        Variable y = x * x;
        tape.Backward(y * tape.StopGradient(y));
        Assert.That(x.Gradient!.ToScalar(), Is.EqualTo(9 * 6), "d(9 x^2)/dx at 3");
        x.ClearGradient();
    }

    [Test]
    public void Shapes_that_do_not_broadcast_are_refused()
    {
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable a = tape.Input(Tensor.From<float>(device, new Shape(2), [1, 2])),
            b = tape.Input(Tensor.From<float>(device, new Shape(3), [1, 2, 3]));
        Assert.That(
            () => a + b,
            Throws.ArgumentException.With.Message.EqualTo(
                "(2) and (3) do not broadcast: aligned at the last axis, extents must be equal or 1"
            )
        );
    }

    [Test]
    public void A_layer_that_needs_the_modality_says_so()
    {
        var norm = new ModalityNorm(store, "stage1.norm", 2, new NormalizationSettings());
        var plain = new ModalityNorm(store, "stage2.norm", 2, new NormalizationSettings(Modalities: 1));
        using TensorScope scope = TensorScope.Open(device);
        var context = new ForwardContext(new Tape(backend, recording: false)) { Training = true };
        var x = new Variable(Tensor.From<float>(device, new Shape(1, 1, 1, 2, 2), [1, 2, 3, 4]));
        Assert.That(plain.Forward(context, x, UnpairedSegEngine.Backends.DropoutMask.None).Shape, Is.EqualTo(x.Shape));
        Assert.That(
            () => norm.Forward(context, x, UnpairedSegEngine.Backends.DropoutMask.None),
            Throws.InvalidOperationException.With.Message.StartsWith("stage1.norm has parameters for each modality")
        );
    }
}
