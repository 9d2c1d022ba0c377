using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Layers;

internal sealed class LayerTests
{
    private Device device = null!;
    private CpuBackend backend = null!;
    private ParameterStore store = null!;
    private TensorScope scope = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, threads: 1);
        store = new ParameterStore(device, DType.Float64, seed: 1);
        scope = TensorScope.Open(device);
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
    public void Linear_is_x_w_plus_b()
    {
        var layer = new Linear(store, "head", 2, 3, Initializer.Zeros);
        Set("head.kernel", 1, 2, 3, 10, 20, 30);
        Set("head.bias", 0.5, 0, -0.5);
        Variable y = layer.Forward(Context(1), X(new Shape(2, 2), 1, 1, 2, 0));
        Assert.That(y.Value.ToArray<double>(), Is.EqualTo(new[] { 11.5, 22, 32.5, 2.5, 4, 5.5 }));
    }

    [Test]
    public void Conv_pads_strides_and_adds_its_bias()
    {
        var layer = new Conv(store, "c", 1, 1, new Size3(1, 1, 3), Initializer.Ones, stride: new Size3(1, 1, 2), hasBias: true);
        Set("c.bias", 100);
        Variable y = layer.Forward(Context(1), X(new Shape(1, 1, 1, 5, 1), 1, 2, 3, 4, 5));
        Assert.That(y.Value.ToArray<double>(), Is.EqualTo(new double[] { 103, 109, 109 }));
    }

    /// <summary>PyTorch: Conv1d(1, 1, 3, stride=2, padding=1) with ones; the last element of an even input is read
    /// once.</summary>
    [TestCase(4, new double[] { 3, 9 })]
    [TestCase(5, new double[] { 3, 9, 9 })]
    [TestCase(1, new double[] { 1 })]
    public void Conv_reads_as_far_beyond_the_border_as_it_is_told(int width, double[] expected)
    {
        var stride = new Size3(1, 1, 2);
        var layer = new Conv(store, "c", 1, 1, new Size3(1, 1, 3), Initializer.Ones, stride, border: new Size3(0, 0, 1));
        double[] x = [.. Enumerable.Range(1, width).Select(i => (double)i)];
        Variable y = layer.Forward(Context(1), X(new Shape(1, 1, 1, width, 1), x));
        Assert.That(y.Value.ToArray<double>(), Is.EqualTo(expected));
    }

    [Test]
    public void Conv_mirrors_with_the_border()
    {
        var layer = new Conv(store, "c", 1, 1, new Size3(1, 1, 5), Initializer.Ones, padding: PaddingMode.Symmetric);
        Variable y = layer.Forward(Context(1), X(new Shape(1, 1, 1, 3, 1), 1, 10, 100));
        Assert.That(
            y.Value.ToArray<double>(),
            Is.EqualTo(new double[] { 10 + 1 + 1 + 10 + 100, 1 + 1 + 10 + 100 + 100, 1 + 10 + 100 + 100 + 10 })
        );
    }

    [Test]
    public void TransposedConv_enlarges_by_its_stride()
    {
        var layer = new TransposedConv(store, "up", 4, 3, new Size3(3, 3, 1), Size3.Cube(2), Initializer.Normal(0.01));
        Variable y = layer.Forward(Context(1), X(new Shape(1, 2, 3, 4, 4)));
        Assert.That(y.Shape, Is.EqualTo(new Shape(1, 4, 6, 8, 3)));
        Assert.That(store["up.kernel"].Value.Shape, Is.EqualTo(new Shape(3, 3, 1, 3, 4)));
    }

    [Test]
    public void A_convolution_refuses_other_channels()
    {
        var layer = new Conv(store, "c", 3, 2, Size3.One, Initializer.Zeros);
        Assert.That(
            () => layer.Forward(Context(1), X(new Shape(1, 1, 2, 2, 4))),
            Throws.ArgumentException.With.Message.Contains("4 channels").And.Message.Contains("expect 3")
        );
    }

    [Test]
    public void Parameters_are_found_by_name_and_counted_by_kind()
    {
        _ = new Conv(store, "c", 2, 3, Size3.Planar(3), Initializer.Zeros, hasBias: true);
        _ = new ModalityNorm(store, "n", 3, new NormalizationSettings());
        Assert.That(store.Count(ParameterKind.Kernel), Is.EqualTo(2 * 3 * 9));
        Assert.That(store.Count(ParameterKind.Bias), Is.EqualTo(3));
        Assert.That((store.Count(ParameterKind.Affine), store.Count(ParameterKind.Statistic)), Is.EqualTo((12L, 12L)));
        Assert.That(store.Count(), Is.EqualTo(54 + 3 + 12), "statistics are not trained");
        Assert.That(store.Trainable.Select(p => p.Variable.RequiresGradient), Has.All.True);
        Assert.That(store["n.running_mean"].Variable.RequiresGradient, Is.False);
        Assert.That(() => store["n.runing_mean"], Throws.TypeOf<KeyNotFoundException>().With.Message.Contains("'n.runing_mean'"));
    }

    [Test]
    public void Parameters_outlive_scopes_and_go_back_with_their_store()
    {
        int live = device.Pool.LiveBuffers;
        var other = new ParameterStore(device, DType.Float32, seed: 1);
        using (TensorScope inner = TensorScope.Open(device))
            _ = new Conv(other, "c", 2, 3, Size3.One, Initializer.Ones);
        Assert.That(other["c.kernel"].Value.ToArray<float>(), Is.EqualTo(Enumerable.Repeat(1f, 6)));
        other.Dispose();
        Assert.That(device.Pool.LiveBuffers, Is.EqualTo(live));
    }

    private ForwardContext Context(int samples) => new(new Tape(backend), ModalityIndex.Single(1, 0, samples), Training: true);

    private void Set(string name, params double[] values) => store[name].Value.Load<double>(values);

    private Variable X(Shape shape, params double[] values) =>
        new(Tensor.From<double>(device, shape, values.Length > 0 ? values : new double[shape.Count]));
}
