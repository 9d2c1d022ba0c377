using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>The bench's 3D network in float64: what a step is held against.</summary>
internal sealed class StepInFloat64 : IDisposable
{
    private readonly Device device;
    private readonly CpuBackend backend;

    public StepInFloat64()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, 1);
        Network = TrainingBench.UNetOf(new ParameterStore(device, DType.Float64, 1));
    }

    /// <summary>Its velocities are the gradients, with the penalty.</summary>
    public static OptimizerConfig PlainDescent { get; } =
        new()
        {
            Name = OptimizerName.Sgd,
            Momentum = 0,
            LearningRate = 1e-3,
        };

    public UNet3D Network { get; }

    public Tensor Map(byte[] map, Variable of) => Tensor.From<byte>(device, new Shape(of.Shape.AsSpan()[..^1]), map);

    /// <summary>Loss and gradients of the bench's first step against those of operations of the tape.</summary>
    /// <param name="bench">Trains by <see cref="PlainDescent"/>.</param>
    /// <param name="all">Parameters in float64, under the names that the bench's have; they get its values.</param>
    /// <param name="loss">Of a pass over the bench's images.</param>
    public void RequireSameStep(TrainingBench bench, IReadOnlyList<Parameter> all, Func<ForwardContext, Variable, Variable> loss)
    {
        foreach ((string name, float[] values) in bench.Parameters)
            all.Single(p => p.Name == name).Value.Load<double>([.. values.Select(v => (double)v)]);
        double total;
        using (TensorScope scope = TensorScope.Open(device))
        {
            var pass = new ForwardContext(new Tape(backend), bench.Modality, Training: true);
            Tensor images = Tensor.From<double>(device, bench.Shape, [.. bench.Images.Select(v => (double)v)]);
            Variable sum = loss(pass, new Variable(images));
            total = sum.Value.ToScalar();
            pass.Tape.Backward(sum);
        }

        Assert.That(bench.Step(1).Total, Is.EqualTo(total).Within(1e-5));
        double l2 = new LossConfig().L2;
        Dictionary<string, float[]> velocities = bench.OptimizerState.ToDictionary(s => s.Name, s => s.Value.ToArray<float>());
        foreach (Parameter parameter in all)
        {
            double[] gradient = parameter.Variable.Gradient!.ToArray<double>(),
                weights = parameter.Kind == ParameterKind.Kernel
                    ? parameter.Value.ToArray<double>()
                    : new double[gradient.Length],
                expected = [.. gradient.Zip(weights, (g, w) => g + (l2 * w))];
            Assert.That(
                velocities[$"{parameter.Name}.velocity"],
                Is.EqualTo(expected).Within(1e-3 * Math.Max(expected.Max(Math.Abs), 1e-4)),
                parameter.Name
            );
            parameter.Variable.ClearGradient();
        }
    }

    public void Dispose()
    {
        Network.Parameters.Dispose();
        backend.Dispose();
        device.Dispose();
    }
}
