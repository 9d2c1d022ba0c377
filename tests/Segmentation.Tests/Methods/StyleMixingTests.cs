using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>Mixed styles against their formula in float64, and the shares that are drawn.</summary>
internal sealed class StyleMixingTests
{
    private const int Samples = 4,
        Positions = 6,
        Channels = 3;

    private static readonly Shape Features = new(Samples, 1, 2, 3, Channels);

    /// <summary>Samples 0, 1 are of one modality, 2, 3 of the other: partners are 2, 3, 0, 1.</summary>
    [Test]
    public void Styles_and_gradients_are_those_of_the_formula()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using TensorScope scope = TensorScope.Open(device);
        var random = new System.Random(5);
        double[] x = [.. Enumerable.Range(0, (int)Features.Count).Select(_ => (2 * random.NextDouble()) - 0.5)],
            weights = [.. x.Select(_ => random.NextDouble())],
            shares = [1, 0.25, 0, 0.6];
        var tape = new Tape(backend);
        Variable features = tape.Input(Tensor.From<double>(device, Features, x), requiresGradient: true),
            share = tape.Input(Tensor.From<double>(device, new Shape(Samples), shares)),
            held = tape.Input(Tensor.From<double>(device, Features, weights));
        Variable mixed = StyleMixing.Mix(tape, tape.Scale(features, 1), ModalityIndex.Blocks(2, 2), share);
        double[] found = mixed.Value.ToArray<double>();
        tape.Backward(tape.Sum(tape.Multiply(mixed, held)));
        double[] gradient = features.Gradient!.ToArray<double>();
        for (int n = 0; n < Samples; n++)
        {
            for (int c = 0; c < Channels; c++)
            {
                (double mean, double deviation) = Style(n, c);
                (double otherMean, double otherDeviation) = Style((n + 2) % Samples, c);
                double newMean = (shares[n] * mean) + ((1 - shares[n]) * otherMean),
                    scale = ((shares[n] * deviation) + ((1 - shares[n]) * otherDeviation)) / deviation;
                for (int p = 0; p < Positions; p++)
                {
                    int i = (((n * Positions) + p) * Channels) + c;
                    Assert.That(found[i], Is.EqualTo((scale * (x[i] - mean)) + newMean).Within(1e-12), $"{n} {p} {c}");
                    Assert.That(
                        gradient[i],
                        Is.EqualTo(scale * weights[i]).Within(1e-12),
                        $"gradient {n} {p} {c}: style is constant"
                    );
                }
            }
        }

        (double Mean, double Deviation) Style(int n, int c)
        {
            double[] values = [.. Enumerable.Range(0, Positions).Select(p => x[(((n * Positions) + p) * Channels) + c])];
            double mean = values.Average();
            return (mean, Math.Sqrt(values.Average(v => (v - mean) * (v - mean)) + 1e-5));
        }
    }

    /// <summary>Of Beta(0.1, 0.1), 19 % lie between the outer tenths.</summary>
    [Test]
    public void Half_keep_their_style_and_the_others_keep_most_or_little()
    {
        float[] shares = StyleMixing.SharesOf(seed: 3, step: 8, samples: 20_000);
        Assert.That(shares, Has.All.InRange(0f, 1f));
        Assert.That(shares.Average(share => (double)share), Is.EqualTo(0.75).Within(0.01));
        Assert.That(shares.Average(share => share is > 0.1f and < 0.9f ? 1.0 : 0), Is.EqualTo(0.094).Within(0.01));
        Assert.That(StyleMixing.SharesOf(3, 8, 5), Is.EqualTo(shares[..5]), "the same, whoever draws");
        Assert.That(StyleMixing.SharesOf(3, 9, 5), Is.Not.EqualTo(shares[..5]));
        Assert.That(StyleMixing.SharesOf(4, 8, 5), Is.Not.EqualTo(shares[..5]));
    }
}
