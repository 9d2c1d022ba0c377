using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Engine.Tests.Autograd;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Layers;

internal sealed class ModalityNormTests
{
    private static readonly Shape Input = new(4, 1, 2, 3, 2);

    private Device device = null!;
    private CpuBackend backend = null!;
    private ParameterStore store = null!;
    private TensorScope scope = null!;
    private ModalityNorm norm = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, threads: 1);
        store = new ParameterStore(device, DType.Float64, seed: 1);
        scope = TensorScope.Open(device);
        norm = new ModalityNorm(store, "n", 2, new NormalizationSettings());
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        store.Dispose();
        backend.Dispose();
        device.Dispose();
    }

    [Test]
    public void Running_statistics_are_a_decaying_mean_of_the_batches()
    {
        Forward([0, 0, 1, 1], commit: true);
        double[] values = GradientCheck.Values(Input);
        double[] Channel(int modality, int channel) => [.. values.Where((_, i) => i / 24 == modality && i % 2 == channel)];
        double Variance(double[] x) => x.Sum(v => (v - x.Average()) * (v - x.Average())) / x.Length;
        (int, int)[] rows = [(0, 0), (0, 1), (1, 0), (1, 1)];
        Assert.That(
            Read("n.running_mean"),
            Is.EqualTo(rows.Select(r => 0.1 * Channel(r.Item1, r.Item2).Average())).Within(1e-14)
        );
        Assert.That(
            Read("n.running_variance"),
            Is.EqualTo(rows.Select(r => 0.9 + (0.1 * Variance(Channel(r.Item1, r.Item2))))).Within(1e-14)
        );
    }

    [Test]
    public void They_move_when_the_step_is_accepted_and_not_before()
    {
        ForwardContext context = Forward([0, 0, 1, 1], commit: false);
        Assert.That(Read("n.running_mean"), Has.All.Zero);
        context.CommitUpdates();
        double[] once = Read("n.running_mean");
        Assert.That(once, Has.None.Zero);
        context.CommitUpdates();
        Assert.That(Read("n.running_mean"), Is.EqualTo(once), "an update is carried out once");
    }

    [Test]
    public void A_pass_without_recording_updates_at_once()
    {
        norm.Forward(
            new ForwardContext(new Tape(backend, recording: false), ModalityIndex.Blocks(2, 2), Training: true),
            X(),
            DropoutMask.None
        );
        Assert.That(Read("n.running_mean"), Has.None.Zero);
    }

    /// <summary>With nothing to train up to here, no rule keeps the moments; the update still needs them.</summary>
    [Test]
    public void Frozen_parameters_still_gather_statistics()
    {
        foreach (Parameter parameter in store.Trainable)
            parameter.Variable.RequiresGradient = false;
        Forward([0, 0, 1, 1], commit: true);
        Assert.That(Read("n.running_mean"), Has.None.Zero);
    }

    [Test]
    public void The_absent_modality_keeps_its_state_bit_by_bit()
    {
        foreach (Parameter parameter in store.All)
            parameter.Value.Load<double>([0.1, 0.2, 0.3, 0.4]);
        Forward([0, 0, 0, 0], commit: true, backward: true);
        foreach (string name in new[] { "n.running_mean", "n.running_variance" })
        {
            Assert.That(Read(name)[2..], Is.EqualTo(new[] { 0.3, 0.4 }), name);
            Assert.That(Read(name)[..2], Is.Not.EqualTo(new[] { 0.1, 0.2 }), name);
        }

        foreach (string name in new[] { "n.gamma", "n.beta" })
        {
            double[] gradient = store[name].Variable.Gradient!.ToArray<double>();
            Assert.That(gradient[2..], Has.All.Zero, name);
            Assert.That(gradient[..2], Has.None.Zero, name);
        }
    }

    [Test]
    public void Evaluation_uses_running_statistics_and_moves_none()
    {
        store["n.running_mean"].Value.Load<double>([1, 2, 3, 4]);
        store["n.running_variance"].Value.Load<double>([1, 4, 9, 16]);
        var context = new ForwardContext(new Tape(backend, recording: false), new ModalityIndex(2, 0, 1, 1, 0), Training: false);
        double[] found = norm.Forward(context, X(), DropoutMask.None).Value.ToArray<double>();
        double[] expected =
        [
            .. GradientCheck
                .Values(Input)
                .Select(
                    (v, i) =>
                    {
                        int row = i / 12 is 0 or 3 ? 0 : 1,
                            channel = i % 2,
                            k = (2 * row) + channel;
                        double normal = (v - (k + 1)) / Math.Sqrt(((k + 1) * (k + 1)) + 1e-3);
                        return normal >= 0 ? normal : 0.2 * normal;
                    }
                ),
        ];
        Assert.That(found, Is.EqualTo(expected).Within(1e-14));
        Assert.That(Read("n.running_mean"), Is.EqualTo(new double[] { 1, 2, 3, 4 }));
    }

    [Test]
    public void One_shared_copy_serves_every_modality()
    {
        var shared = new ModalityNorm(store, "s", 2, new NormalizationSettings(Modalities: 1));
        Assert.That(store["s.gamma"].Value.Shape, Is.EqualTo(new Shape(1, 2)));
        double[] Of(params int[] modality) =>
            shared
                .Forward(
                    new ForwardContext(new Tape(backend), new ModalityIndex(2, modality), Training: true),
                    X(),
                    DropoutMask.None
                )
                .Value.ToArray<double>();
        Assert.That(Of(0, 0, 1, 1), Is.EqualTo(Of(0, 1, 0, 1)));
    }

    [TestCase(NormalizationKind.Instance)]
    [TestCase(NormalizationKind.Layer)]
    [TestCase(NormalizationKind.Group)]
    public void Moments_of_a_sample_need_no_running_statistics(NormalizationKind kind)
    {
        var ofSample = new ModalityNorm(store, "s", 2, new NormalizationSettings(kind, Groups: 2));
        Assert.That(
            store.All.Select(p => p.Name).Where(name => name.StartsWith("s.", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "s.gamma", "s.beta" })
        );
        double[] Mode(bool training) =>
            ofSample
                .Forward(new ForwardContext(new Tape(backend), ModalityIndex.Blocks(2, 2), training), X(), DropoutMask.None)
                .Value.ToArray<double>();
        Assert.That(Mode(false), Is.EqualTo(Mode(true)));
    }

    private ForwardContext Forward(int[] modality, bool commit, bool backward = false)
    {
        var tape = new Tape(backend);
        var context = new ForwardContext(tape, new ModalityIndex(2, modality), Training: true);
        Variable y = norm.Forward(context, X(), DropoutMask.None);
        if (commit)
            context.CommitUpdates();
        if (backward)
            tape.Backward(tape.Sum(tape.Multiply(y, y)));
        return context;
    }

    private double[] Read(string name) => store[name].Value.ToArray<double>();

    private Variable X() => new(Tensor.From<double>(device, Input, GradientCheck.Values(Input)));
}
