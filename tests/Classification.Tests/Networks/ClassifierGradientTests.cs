using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Classification.Tests.Networks;

internal sealed class ClassifierGradientTests
{
    private static readonly Shape Images = new(3, 1, 8, 8, 2);

    private static IEnumerable<TestCaseData> Networks() =>
        [
            new TestCaseData(ClassifierBench.Resnet).SetName("{m}: resnet"),
            new TestCaseData(ClassifierBench.Vgg).SetName("{m}: vgg"),
            new TestCaseData(ClassifierBench.PlainVgg).SetName("{m}: vgg without normalization"),
            new TestCaseData(ClassifierBench.ResizedVgg).SetName("{m}: vgg on resized images"),
            new TestCaseData(ClassifierBench.Densenet).SetName("{m}: densenet"),
        ];

    /// <summary>The derivative of the loss along one direction of all parameters, in float64.</summary>
    [TestCaseSource(nameof(Networks))]
    public void The_gradient_of_the_whole_network_is_right(ClassifierConfig settings)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using var bench = new ClassifierBench(backend, settings, Images, DType.Float64);
        Parameter[] trained = [.. bench.Network.Parameters.Trainable];
        double[][] origin = [.. trained.Select(p => p.Value.ToArray<double>())];
        double[][] direction = [.. origin.Select((values, k) => values.Select((_, i) => Math.Sin((i * 0.61) + k)).ToArray())];

        double expected = 0;
        using (TensorScope scope = TensorScope.Open(device))
        {
            var tape = new Tape(backend);
            tape.Backward(bench.Loss(tape));
            for (int k = 0; k < trained.Length; k++)
                expected += trained[k].Variable.Gradient!.ToArray<double>().Zip(direction[k], (g, d) => g * d).Sum();
            bench.Network.Parameters.ClearGradients();
        }

        const double Step = 1e-7;
        double quotient = (LossAt(Step) - LossAt(-Step)) / (2 * Step);
        Assert.That(quotient, Is.EqualTo(expected).Within(1e-5 * Math.Abs(expected)));

        double LossAt(double distance)
        {
            for (int k = 0; k < trained.Length; k++)
                trained[k].Value.Load<double>([.. origin[k].Zip(direction[k], (o, d) => o + (distance * d))]);
            using TensorScope scope = TensorScope.Open(device);
            return bench.Loss(new Tape(backend, recording: false)).Value.ToScalar();
        }
    }

    [TestCaseSource(nameof(Networks))]
    public void The_emulated_kernels_give_what_the_processor_gives(ClassifierConfig settings)
    {
        float[][] expected = Pass("cpu", settings),
            actual = Pass("emulated", settings);
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        foreach ((float[] e, float[] a) in expected.Zip(actual))
        {
            double scale = Math.Max(1, e.Max(Math.Abs));
            Assert.That(a.Zip(e, (x, y) => Math.Abs(x - y) / scale).Max(), Is.LessThan(1e-5));
        }
    }

    /// <summary>Logits, then the gradients of all parameters.</summary>
    private static float[][] Pass(string backend, ClassifierConfig settings)
    {
        using OpenedBackend opened = Open(backend);
        using var bench = new ClassifierBench(opened.Backend, settings, Images, DType.Float32);
        using TensorScope scope = TensorScope.Open(opened.Backend.Device);
        float[] logits = bench.Logits(new Tape(opened.Backend, recording: false)).Value.ToArray<float>();
        var tape = new Tape(opened.Backend);
        tape.Backward(bench.Loss(tape));
        return [logits, .. bench.Network.Parameters.Trainable.Select(parameter => parameter.Variable.Gradient!.ToArray<float>())];
    }

    private static OpenedBackend Open(string name)
    {
        try
        {
            return BackendChoice.Open(name, threads: 1, exact: true);
        }
        catch (CudaException exception)
        {
            Assert.Ignore(exception.Message);
            throw;
        }
    }
}
