using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Export;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Tests.Training;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Segmentation.Tests.Networks;

/// <summary>A read-out that is made of a vector per modality and class: by its formula, trained, and in predictions.</summary>
internal sealed class ConditionedReadoutTests
{
    private const int Classes = TrainingBench.Classes,
        Width = ConditionedReadout.Width,
        ParametersPerClass = 153;

    private static readonly Shape Images = new(3, 2, 8, 8, 1);
    private static readonly ModalityIndex Modality = new(2, 0, 1, 1);

    private Device device = null!;
    private CpuBackend backend = null!;
    private TensorScope scope = null!;
    private ParameterStore parameters = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, 1);
        parameters = new ParameterStore(device, DType.Float64, 5);
        scope = TensorScope.Open(device);
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        parameters.Dispose();
        backend.Dispose();
        device.Dispose();
    }

    [Test]
    public void Logits_are_those_of_the_formula()
    {
        ConditionedReadout network = Network();
        Load("readout.m1.classes", i => 0.3 * Math.Sin(i));
        double[] logits = Forward(network, new Tape(backend, recording: false)).Value.ToArray<double>();

        // The network inside is the same under the same seed.
        using var inner = new ParameterStore(device, DType.Float64, 5);
        UNet3D inside = TrainingBench.UNetOf(inner, Width);
        var taps = new FeatureTaps(inside.Bottleneck);
        var pass = new ForwardContext(new Tape(backend, recording: false), Modality, Training: true);
        double[] channels = inside.Forward(pass, Drawn(pass.Tape), taps).Value.ToArray<double>(),
            bottleneck = taps[inside.Bottleneck].Features.Value.ToArray<double>();
        int pooledChannels = inside.Bottleneck.Channels,
            positions = 2 * 8 * 8;
        for (int n = 0; n < 3; n++)
        {
            double[] own = bottleneck[(n * bottleneck.Length / 3)..((n + 1) * bottleneck.Length / 3)],
                mean =
                [.. Enumerable.Range(0, pooledChannels).Select(k => own.Where((_, i) => i % pooledChannels == k).Average())];
            double length = Math.Sqrt((mean.Sum(v => v * v) + 1e-6) / pooledChannels);
            for (int c = 0; c < Classes; c++)
            {
                double[] vector =
                [
                    .. Row("readout.classes", c).Zip(Row($"readout.m{Modality[n]}.classes", c), (shared, of) => shared + of),
                ];
                double[] readout =
                [
                    .. Times([.. mean.Select(v => v / length)], "readout.pooled.kernel")
                        .Zip(Times(vector, "readout.vector.kernel"), (a, b) => a + b)
                        .Zip(parameters["readout.vector.bias"].Value.ToArray<double>(), (a, b) => a + b),
                ];
                for (int p = 0; p < positions; p++)
                {
                    double[] x = channels[(((n * positions) + p) * Width)..(((n * positions) + p + 1) * Width)];
                    double[] first = Layer(x, readout[..64], readout[64..72], rectifies: true),
                        second = Layer(first, readout[72..136], readout[136..144], rectifies: true),
                        logit = Layer(second, readout[144..152], readout[152..], rectifies: false);
                    Assert.That(
                        logits[(((n * positions) + p) * Classes) + c],
                        Is.EqualTo(logit.Single()).Within(1e-10),
                        $"sample {n}, class {c}, position {p}"
                    );
                }
            }
        }
    }

    /// <summary>By central differences of a few elements of each parameter.</summary>
    [Test]
    public void Gradients_are_those_of_differences()
    {
        ConditionedReadout network = Network();
        Load("readout.m0.classes", i => 0.2 * Math.Cos(i));
        var tape = new Tape(backend);
        tape.Backward(LossOf(network, tape));
        string[] names =
        [
            "readout.classes",
            "readout.m0.classes",
            "readout.m1.classes",
            "readout.pooled.kernel",
            "readout.vector.kernel",
            "readout.vector.bias",
            "logits.kernel",
            "enc1_1.kernel",
            "enc3_2.kernel",
            "dec1_2.norm.gamma",
        ];
        foreach (Parameter parameter in names.Select(name => parameters[name]))
        {
            double[] values = parameter.Value.ToArray<double>(),
                gradient = parameter.Variable.Gradient!.ToArray<double>();
            Assert.That(gradient.Max(Math.Abs), Is.GreaterThan(1e-6), parameter.Name);
            for (int i = 0; i < values.Length; i += Math.Max(1, values.Length / 5))
            {
                double slope = (At(i, 1e-6) - At(i, -1e-6)) / 2e-6;
                Assert.That(gradient[i], Is.EqualTo(slope).Within(1e-6 * (1 + Math.Abs(slope))), $"{parameter.Name} {i}");
            }

            parameter.Value.Load<double>(values);

            double At(int i, double step)
            {
                double[] moved = [.. values];
                moved[i] += step;
                parameter.Value.Load<double>(moved);
                return LossOf(network, new Tape(backend, recording: false)).Value.ToScalar();
            }
        }
    }

    [Test]
    public void Modalities_begin_with_one_readout_and_learn_their_own()
    {
        Assert.That(parameters.All, Is.Empty);
        ConditionedReadout network = Network();
        Assert.That(parameters["readout.m0.classes"].Value.ToArray<double>(), Has.All.Zero);
        Assert.That(parameters["readout.m1.classes"].Value.ToArray<double>(), Has.All.Zero);
        var tape = new Tape(backend);
        tape.Backward(LossOf(network, tape));
        Assert.That(
            parameters["readout.m0.classes"].Variable.Gradient!.ToArray<double>(),
            Is.Not.EqualTo(parameters["readout.m1.classes"].Variable.Gradient!.ToArray<double>())
        );
    }

    [TestCase("cuda emulated Fp32", NetworkName.Unet3d)]
    [TestCase("cuda emulated Bf16", NetworkName.Unet3d)]
    [TestCase("cuda emulated Fp32", NetworkName.Dilated2d)]
    public void Replayed_steps_have_the_bits_of_launched_ones(string name, NetworkName network)
    {
        using TrainingBench launched = Of(BackendByName.Open(name, records: false)),
            replayed = Of(BackendByName.Open(name)),
            processor = Of(new CpuBackend(Device.OpenCpu(), 1, exact: true));
        for (int step = 1; step <= 3; step++)
        {
            foreach (TrainingBench bench in new[] { launched, replayed, processor })
                bench.Images[0] = step;
            LossReport expected = launched.Step(step);
            Assert.That(replayed.Step(step).Terms, Is.EqualTo(expected.Terms), $"losses of step {step}");
            Assert.That(replayed.Weights(), Is.EqualTo(launched.Weights()), $"weights after step {step}");
            Assert.That(processor.Step(step).Total, Is.EqualTo(expected.Total).Within(0.05), $"step {step}");
        }

        Assert.That(replayed.Recording, Is.Not.Null);

        TrainingBench Of(Backend on) =>
            new(
                on,
                ownsDevice: true,
                network: network,
                size: network == NetworkName.Unet3d ? 8 : 16,
                build: store => new ConditionedReadout(
                    network == NetworkName.Unet3d
                        ? TrainingBench.UNetOf(store, Width)
                        : new DilatedNetwork2D(store, 3, Width, 2, new NormalizationSettings(), keep: 1),
                    modalities: 2,
                    Classes
                )
            );
    }

    /// <summary>A run folder says how the read-out is made; prediction needs nothing else. It has no ONNX file.</summary>
    [TestCase(NetworkName.Unet3d)]
    [TestCase(NetworkName.Dilated2d)]
    public void A_run_predicts_with_the_readout_of_the_modality(NetworkName network)
    {
        using var runs = new TinyRuns();
        runs.Train("run", resume: false, network: network, sets: "scheme=conditioned");
        using TrainedModel model = TrainedModel.Open(runs.PathOf("run"));
        Assert.That(model.Network, Is.TypeOf<ConditionedReadout>());
        Assert.That(model.Network.Parameters["readout.m1.classes"].Value.ToArray<float>(), Is.Not.All.Zero);
        string image = Directory.GetFiles(runs.PathOf("data", "imagesTs"), "*.nii.gz").Order(StringComparer.Ordinal).First();
        Volume<float> volume = NiftiFile.Open(image).ToFloatVolume();
        Assert.That(model.Segment(volume, "CT").Geometry.SameShape(volume.Geometry));
        Assert.That(
            () => OnnxExport.Write(runs.PathOf("model.onnx"), model, model.Description.ModalityOf("CT")),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("ONNX")
        );
        Assert.That(File.Exists(runs.PathOf("model.onnx")), Is.False);
    }

    private ConditionedReadout Network() => new(TrainingBench.UNetOf(parameters, Width), modalities: 2, Classes);

    private Variable LossOf(ConditionedReadout network, Tape tape)
    {
        Variable logits = Forward(network, tape);
        double[] weights = [.. Enumerable.Range(0, (int)logits.Shape.Count).Select(i => Math.Sin(0.7 * i))];
        return tape.Sum(tape.Multiply(tape.Softmax(logits), tape.Input(Tensor.From<double>(device, logits.Shape, weights))));
    }

    private static Variable Forward(ConditionedReadout network, Tape tape) =>
        network.Forward(new ForwardContext(tape, Modality, Training: true), Drawn(tape));

    private static Variable Drawn(Tape tape) =>
        tape.Input(
            Tensor.From<double>(
                tape.Device,
                Images,
                [.. Enumerable.Range(0, (int)Images.Count).Select(i => Math.Sin(1.3 * i) + (i % 7 / 7.0))]
            )
        );

    private void Load(string name, Func<int, double> value)
    {
        Tensor tensor = parameters[name].Value;
        tensor.Load<double>([.. Enumerable.Range(0, (int)tensor.Count).Select(value)]);
    }

    private double[] Row(string name, int row)
    {
        Tensor table = parameters[name].Value;
        int length = table.Shape[1];
        return table.ToArray<double>()[(row * length)..((row + 1) * length)];
    }

    private double[] Times(double[] row, string kernel)
    {
        double[] values = parameters[kernel].Value.ToArray<double>();
        return
        [
            .. Enumerable
                .Range(0, ParametersPerClass)
                .Select(j => row.Select((v, i) => v * values[(i * ParametersPerClass) + j]).Sum()),
        ];
    }

    private static double[] Layer(double[] x, double[] kernel, double[] bias, bool rectifies) =>
        [
            .. bias.Select(
                (b, j) =>
                {
                    double y = b + x.Select((v, i) => v * kernel[(i * bias.Length) + j]).Sum();
                    return rectifies ? Math.Max(y, 0) : y;
                }
            ),
        ];
}
