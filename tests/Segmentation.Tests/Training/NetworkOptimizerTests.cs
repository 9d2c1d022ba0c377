using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>The L2 term of the loss is one, whichever optimizer takes its gradient.</summary>
internal sealed class NetworkOptimizerTests
{
    private const double L2 = 0.25,
        Beta1 = 0.75,
        Gradient = 2;

    [Test]
    public void Both_optimizers_see_the_gradient_of_the_same_penalty([Values] PenalizedParameters penalized)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        using var parameters = new ParameterStore(device, DType.Float32, seed: 3);
        _ = new Linear(parameters, "layer", 2, 3, Initializer.Normal(1));
        parameters["layer.bias"].Value.Load<float>([1, -2, 3]);
        var loss = new LossConfig { L2 = L2, L2On = penalized };
        double weight = penalized == PenalizedParameters.All ? 2 * L2 : L2;
        double[] Expected(Parameter p) =>
            [
                .. p
                    .Value.ToArray<float>()
                    .Select(w =>
                        Gradient + (p.Kind == ParameterKind.Kernel || penalized == PenalizedParameters.All ? weight * w : 0)
                    ),
            ];
        Dictionary<string, double[]> expected = parameters.Trainable.ToDictionary(p => p.Name, Expected);
        float[][] before = [.. parameters.Trainable.Select(p => p.Value.ToArray<float>())];

        (double byAdam, Dictionary<string, float[]> moments) = Step(OptimizerName.Adam);
        foreach ((Parameter parameter, float[] values) in parameters.Trainable.Zip(before))
            parameter.Value.Load<float>(values);
        (double bySgd, Dictionary<string, float[]> velocities) = Step(OptimizerName.Sgd);

        Assert.That(bySgd, Is.EqualTo(byAdam).And.GreaterThan(0), "the penalty");
        foreach ((string name, double[] gradient) in expected)
        {
            Assert.That(velocities[$"{name}.velocity"], Is.EqualTo(gradient).Within(1e-6), name);
            Assert.That(moments[$"{name}.m"].Select(m => m / (1 - Beta1)), Is.EqualTo(gradient).Within(1e-5), name);
        }

        (double, Dictionary<string, float[]>) Step(OptimizerName name)
        {
            var settings = new OptimizerConfig { Name = name, Beta1 = Beta1 };
            var optimizer = new NetworkOptimizer(backend, parameters, settings, new ScheduleConfig(), loss, modalities: 2);
            double penalty = optimizer.Penalty();
            using TensorScope scope = TensorScope.Open(device);
            optimizer.Module.Optimizer.Step(
                1,
                optimizer.Module.RateOf(1),
                parameters.Trainable.Select(p =>
                    Tensor.From<float>(device, p.Value.Shape, [.. Enumerable.Repeat((float)Gradient, (int)p.Value.Count)])
                )
            );
            var state = optimizer.Module.State.ToDictionary(one => one.Name, one => one.Value.ToArray<float>());
            optimizer.Module.Dispose();
            return (penalty, state);
        }
    }
}
