using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Losses;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// The distillation between two halves of the samples of one modality: what the choice of samples alone makes of it. A
/// half has half the samples, so that sampling alone makes the floor about twice as large as the term between the modalities:
/// a term near half its floor has nothing to distil.
/// </summary>
internal static class DistillationFloor
{
    /// <summary>
    /// The sizes of a batch's loss with each half as a modality of its own: those of modality m are 2 m and 2 m + 1. Null where
    /// no modality has two samples.
    /// </summary>
    public static SegmentationLossProblem? HalvesOf(SegmentationLossProblem problem)
    {
        ModalityIndex modality = problem.Modality;
        int[] sizes = [.. Enumerable.Range(0, modality.Modalities).Select(modality.SamplesOf)];
        if (sizes.All(size => size < 2))
            return null;
        var seen = new int[modality.Modalities];
        int[] halves =
        [
            .. Enumerable
                .Range(0, modality.Samples)
                .Select(sample => modality[sample])
                .Select(m => (2 * m) + (seen[m]++ < sizes[m] / 2 ? 0 : 1)),
        ];
        return problem with { Modality = new ModalityIndex(2 * modality.Modalities, halves) };
    }

    /// <summary>The mean over modalities with two halves.</summary>
    /// <param name="settings">Of the distillation; under <see cref="DistillationForm.OneWay"/> the first half teaches.</param>
    /// <param name="problem">What <see cref="HalvesOf"/> gave.</param>
    /// <param name="halves">Their sums.</param>
    public static double Of(DistillationConfig settings, SegmentationLossProblem problem, IReadOnlyList<SegmentationSums> halves)
    {
        var unused = new LossCoefficients(problem);
        return halves
            .Chunk(2)
            .Where(pair => pair.All(half => half.Positions > 0))
            .Average(pair => new ClassDistillation(settings with { Teacher = 0 }, pair, unused).Loss);
    }
}
