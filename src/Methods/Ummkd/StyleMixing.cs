using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// Styles of samples, the means and deviations of their channels behind the network's first stage, are mixed with those of
/// another modality's samples: MixStyle (Zhou et al. 2021, arXiv:2104.02008), whose partners are of the other domain. That
/// domains are modalities with normalizations of their own, and that there is one place, are ours. In training only.
/// </summary>
internal static class StyleMixing
{
    private const double Probability = 0.5;

    /// <summary>Both parameters of the Beta distribution are 0.1; Joehnk's method takes the inverse.</summary>
    private const double InverseOfBeta = 10;

    /// <summary>Tells the stream from those of samples and masks.</summary>
    private const uint StreamName = 0x5742_11E5;

    /// <summary>How much of its own style each sample keeps: 1 for half of them, Beta(0.1, 0.1) for the others.</summary>
    /// <param name="seed">Of the run.</param>
    /// <param name="step">Number of the step.</param>
    /// <param name="samples">How many.</param>
    public static float[] SharesOf(ulong seed, long step, int samples) =>
        [.. Enumerable.Range(0, samples).Select(sample => ShareOf(new PhiloxStream(seed, (uint)step, (uint)sample, StreamName)))];

    /// <summary>Logits of a pass in which styles are mixed.</summary>
    /// <param name="network">Has stages.</param>
    /// <param name="pass">Knows the modality of each sample; as many of each.</param>
    /// <param name="images">Of all samples.</param>
    /// <param name="shares">(samples), as <see cref="SharesOf"/>.</param>
    public static Variable Forward(ISegmentationNetwork network, ForwardContext pass, Variable images, Tensor shares)
    {
        NetworkStage first = network.Stages[0];
        var taps = new FeatureTaps(first)
        {
            Change = (_, features) => Mix(pass.Tape, features, pass.RequireModality("style mixing"), pass.Tape.Input(shares)),
        };
        Variable logits = network.Forward(pass, images, taps);
        Tape.Release(taps[first].Features);
        return logits;
    }

    /// <summary>
    /// deviation' (x - mean) / deviation + mean', with mean' = share mean + (1 - share) mean of the partner, and deviation'
    /// likewise: the partner is the sample of the next modality in the same place. Statistics are constants to the gradient.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="features">(samples, depth, height, width, channels); freed.</param>
    /// <param name="groups">Modality of each sample, as many of each.</param>
    /// <param name="shares">(samples).</param>
    public static Variable Mix(Tape tape, Variable features, ModalityIndex groups, Variable shares)
    {
        (Variable mean, Variable deviation) = FeatureStatistics.Of(tape, tape.StopGradient(features));
        IReadOnlyList<(int Modality, int First, int Count)> runs = groups.Runs();
        Variable mixed = FeatureStatistics.Transfer(tape, features, (mean, deviation), (Mixed(mean), Mixed(deviation)));
        Tape.Release(features);
        return mixed;

        Variable Mixed(Variable own)
        {
            Variable partners = tape.Concat(
                0,
                [
                    .. runs.Select((_, run) => runs[(run + 1) % runs.Count])
                        .Select(next => tape.Slice(own, 0, next.First, next.Count)),
                ]
            );
            Variable share = tape.Broadcast(shares, own.Shape, 1, 1);
            return tape.Add(partners, tape.Multiply(share, tape.Subtract(own, partners)));
        }
    }

    private static float ShareOf(PhiloxStream stream)
    {
        if (stream.NextUniform() >= Probability)
            return 1;
        while (true)
        {
            double own = Math.Pow(stream.NextUniform(), InverseOfBeta),
                other = Math.Pow(stream.NextUniform(), InverseOfBeta);
            if (own + other is > 0 and <= 1)
                return (float)(own / (own + other));
        }
    }
}
