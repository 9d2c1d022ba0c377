using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Logits and truth of one modality.</summary>
/// <param name="Logits">(batch, classes, positions...).</param>
/// <param name="Truth">One-hot, of the same shape.</param>
internal sealed record ModalityResult(Tensor Logits, Tensor Truth)
{
    private static long[] AllButClasses(Tensor x) => [0, .. Enumerable.Range(2, (int)x.dim() - 2).Select(axis => (long)axis)];

    /// <summary>Positions of each class.</summary>
    public Tensor ClassCounts { get; } = Truth.sum(AllButClasses(Truth));

    /// <summary>Sum over the batch and all positions.</summary>
    public Tensor PerClass(Tensor x) => x.sum(AllButClasses(x));
}

/// <summary>The losses of Dou et al. 2020, arXiv:2001.03111, with the engine's default settings.</summary>
internal static class Losses
{
    private const double DistillationWeight = 0.5,
        Temperature = 2,
        ProbabilityFloor = 0.005;

    public static Tensor Total(ModalityResult a, ModalityResult b) =>
        Segmentation(a) + Segmentation(b) + (DistillationWeight * Distillation(a, b));

    /// <summary>Soft Dice and cross-entropy of one modality.</summary>
    public static Tensor Segmentation(ModalityResult result)
    {
        Tensor p = softmax(result.Logits, 1);
        return Dice(result, p) + CrossEntropy(result, p);
    }

    public static Tensor Dice(ModalityResult result, Tensor p) =>
        -(2 * result.PerClass(p * result.Truth) / (result.PerClass(p * p) + result.ClassCounts + 1e-7)).mean();

    /// <summary>Weighted by how rare a class is in the batch.</summary>
    public static Tensor CrossEntropy(ModalityResult result, Tensor p)
    {
        Tensor weights = 1 - (result.ClassCounts / result.ClassCounts.sum());
        long positions = result.Truth.numel() / result.Truth.shape[1];
        return -(result.PerClass(result.Truth * p.clamp(ProbabilityFloor, 1).log()) * weights).sum() / positions;
    }

    /// <summary>
    /// Symmetric divergence of the softened mean logits of each class. Classes that a modality lacks are left out.
    /// </summary>
    public static Tensor Distillation(ModalityResult a, ModalityResult b)
    {
        Tensor la = ClassMeans(a),
            lb = ClassMeans(b);
        Tensor divergence = 0.5 * ((la.exp() - lb.exp()) * (la - lb)).sum([1L]);
        Tensor present = a.ClassCounts.gt(0).logical_and(b.ClassCounts.gt(0)).to_type(divergence.dtype);
        return (divergence * present).sum() / present.sum().clamp_min(1);
    }

    /// <summary>Row c: log-softmax of the mean logits over the positions of class c.</summary>
    private static Tensor ClassMeans(ModalityResult result)
    {
        Tensor sums = result.Truth.flatten(2).bmm(result.Logits.flatten(2).transpose(1, 2)).sum([0L]);
        return log_softmax(sums / (result.ClassCounts + 1e-6).unsqueeze(1) / Temperature, 1);
    }
}
