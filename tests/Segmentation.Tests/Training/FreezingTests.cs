using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>What is frozen stays, and the rest learns as it would beside it.</summary>
internal sealed class FreezingTests
{
    [TestCase("cpu Fp32", "enc*")]
    [TestCase("cpu Fp32", "enc2")]
    [TestCase("cpu Fp32", "dec*,logits")]
    [TestCase("cpu Fp32", "*.norm.*")]
    [TestCase("cuda emulated Fp32", "enc1,dec*")]
    public void The_rest_has_the_bits_of_a_step_in_which_all_learn(string backend, string freeze)
    {
        using TrainingBench free = Bench(backend, ""),
            frozen = Bench(backend, freeze);
        Dictionary<string, float[]> before = frozen.Parameters.ToDictionary(p => p.Name, p => p.Values);
        Assert.That(frozen.Step(1).Total, Is.EqualTo(free.Step(1).Total));
        Dictionary<string, float[]> all = free.Parameters.ToDictionary(p => p.Name, p => p.Values);
        foreach ((string name, float[] values) in frozen.Parameters)
        {
            bool stays = new NamePatterns(freeze).Matches(name);
            Assert.That(values, Is.EqualTo(stays ? before[name] : all[name]), $"{name} {(stays ? "stays" : "learns")}");
        }

        Assert.That(
            frozen.OptimizerState.Select(state => state.Name),
            Has.None.Matches<string>(name => new NamePatterns(freeze).Matches(name!))
        );
        Assert.That(
            frozen.Network.Parameters.All.Where(p => p.Kind == ParameterKind.Statistic).SelectMany(p => p.Value.ToArray<float>()),
            Is.EqualTo(
                free.Network.Parameters.All.Where(p => p.Kind == ParameterKind.Statistic)
                    .SelectMany(p => p.Value.ToArray<float>())
            ),
            "running statistics follow the data"
        );
    }

    private static TrainingBench Bench(string backend, string freeze) =>
        new(
            BackendByName.Open(backend),
            ownsDevice: true,
            network: NetworkName.Unet3d,
            size: 8,
            optimizer: new OptimizerConfig { Name = OptimizerName.Sgd, LearningRate = 1e-2 },
            schedule: new ScheduleConfig { Freeze = new NamePatterns(freeze), ValidateEvery = 0 }
        );
}
