using System.Globalization;
using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>
/// What the precisions of the CUDA kernels do to a training run: a small U-Net beside the same run in float64.
/// UNPAIREDSEG_TEST_STEPS sets the number of steps;
/// docs/numerics.md has the table for 50.
/// </summary>
internal sealed class PrecisionTests
{
    private const int Modalities = 2,
        Classes = 3,
        Features = 8,
        Size = 8;
    private const double Rate = 1e-3;

    private static readonly Shape Images = new(Modalities, 2, Size, Size, 1);
    private static readonly ModalityIndex Modality = ModalityIndex.Blocks(Modalities, 1);
    private static readonly int Steps = int.Parse(
        Environment.GetEnvironmentVariable("UNPAIREDSEG_TEST_STEPS") ?? "3",
        CultureInfo.InvariantCulture
    );

    private static readonly byte[] Labels = [.. Enumerable.Range(0, (int)Images.Count).Select(i => (byte)(i % Size / 3))];
    private static readonly float[] Intensities = [.. Labels.Select((label, i) => (0.7f * label) + (0.3f * MathF.Sin(i * 1.3f)))];

    private static readonly Lazy<(double Loss, double[] Start, double[] End)> InFloat64 = new(TrainInFloat64);

    [TestCase("cuda emulated Fp32", 1e-2)]
    [TestCase("cuda emulated Bf16x6", 1e-2)]
    [TestCase("cuda emulated Bf16x3", 5e-2)]
    [TestCase("cuda emulated Bf16", 0.5)]
    [TestCase("cpu Bf16", 0.5)]
    [TestCase("gpu Fp32", 1e-2, Category = "gpu")]
    [TestCase("gpu Bf16x6", 1e-2, Category = "gpu")]
    [TestCase("gpu Bf16x3", 5e-2, Category = "gpu")]
    [TestCase("gpu Bf16", 0.5, Category = "gpu")]
    public void Weights_stay_beside_those_of_float64(string name, double tolerance)
    {
        using var opened = new OpenedBackend(BackendByName.Open(name));
        (Backend backend, Device device) = (opened.Backend, opened.Backend.Device);
        ISegmentationNetwork network = Network(device, DType.Float32);
        ParameterStore parameters = network.Parameters;
        using var method = new UmmkdMethod(
            backend,
            network,
            TrainingBench.Loss(new DistillationConfig()),
            new OptimizerConfig { LearningRate = Rate },
            seed: 1,
            ["CT", "MR"],
            [.. Enumerable.Range(0, Classes).Select(c => $"class {c}")]
        );
        using var runner = new StepRunner(method);
        var batch = new Batch(
            Modality,
            BatchTensor.Of(VariedSamples.Images, Images, Intensities),
            BatchTensor.Of(VariedSamples.Labels, new Shape(Images.AsSpan()[..^1]), Labels)
        );
        double loss = 0;
        for (int i = 1; i <= Steps; i++)
            loss = runner.Run(i, batch).Total;

        (double expectedLoss, double[] start, double[] end) = InFloat64.Value;
        double apart =
            Distance([.. parameters.Trainable.SelectMany(p => p.Value.ToArray<float>()).Select(v => (double)v)], end)
            / Distance(start, end);
        TestContext.Out.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"| {name} | {Math.Abs(loss - expectedLoss):0.0e+0} | {apart:0.0e+0} |")
        );
        Assert.That(loss, Is.EqualTo(expectedLoss).Within(tolerance));
        Assert.That(apart, Is.LessThan(tolerance), "distance of the weights, over the way that training took them");
    }

    private static ISegmentationNetwork Network(Device device, DType type) =>
        new UNet3D(
            new ParameterStore(device, type, 1),
            1,
            Classes,
            Features,
            new NormalizationSettings(),
            new UNetLevels([Size3.Cube(3), Size3.Planar(3)], [Size3.Cube(2)])
        );

    private static (double Loss, double[] Start, double[] End) TrainInFloat64()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1, exact: true);
        ISegmentationNetwork network = Network(device, DType.Float64);
        using ParameterStore parameters = network.Parameters;
        Parameter[] trained = [.. parameters.Trainable];
        var settings = new OptimizerConfig();
        using var optimizer = new Adam(
            backend,
            trained.Select(p => new OptimizedTensor(p.Name, p.Value, p.Kind == ParameterKind.Kernel)),
            settings.Beta1,
            settings.Beta2,
            settings.Epsilon,
            new LossConfig().L2
        );

        // Both begin with the same numbers.
        foreach (Parameter parameter in parameters.All)
            parameter.Value.Load<double>([.. parameter.Value.ToArray<double>().Select(v => (double)(float)v)]);
        double[] start = Weights();
        double loss = 0;
        for (int i = 1; i <= Steps; i++)
        {
            using TensorScope scope = TensorScope.Open(device);
            var context = new ForwardContext(new Tape(backend), Modality, Training: true, Seed: 1, Step: i);
            Variable logits = network.Forward(
                context,
                new Variable(Tensor.From<double>(device, Images, [.. Intensities.Select(v => (double)v)]))
            );
            (Variable total, UmmkdLossTerms terms) = context.Tape.UmmkdLoss(
                TrainingBench.Loss(new DistillationConfig()),
                logits,
                Tensor.From<byte>(device, new Shape(Images.AsSpan()[..^1]), Labels),
                Modality
            );
            context.CommitUpdates();
            context.Tape.Backward(total);
            optimizer.Step(i, Rate, trained.Select(p => p.Variable.Gradient));
            parameters.ClearGradients();
            loss = terms.Total;
        }

        return (loss, start, Weights());

        double[] Weights() => [.. trained.SelectMany(p => p.Value.ToArray<double>())];
    }

    private static double Distance(double[] a, double[] b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum());
}
