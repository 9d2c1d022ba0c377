using UnpairedSegEngine.Segmentation.Losses;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// The distillation between modalities: for each class, the softened distributions of the modalities' mean logits over its
/// positions are to agree. All in float64. Dou et al. 2020, arXiv:2001.03111, section II-C.
/// </summary>
public sealed class ClassDistillation
{
    private const double MeanEpsilon = 1e-6;

    private readonly DistillationConfig settings;
    private readonly IReadOnlyList<SegmentationSums> sums;
    private readonly LossCoefficients coefficients;
    private readonly int classes;

    /// <param name="settings">Weight, temperature, form.</param>
    /// <param name="sums">By modality; the means of the logits may be those of more batches.</param>
    /// <param name="coefficients">Receives the derivatives of the weighted loss.</param>
    public ClassDistillation(DistillationConfig settings, IReadOnlyList<SegmentationSums> sums, LossCoefficients coefficients)
    {
        (this.settings, this.sums, this.coefficients, classes) = (settings, sums, coefficients, sums[0].Counts.Count);
        Distributions = [.. sums.Select(s => Enumerable.Range(0, classes).Select(c => Distribution(s, c)).ToArray())];
        Loss = Add();
    }

    /// <summary>Mean over classes of the difference between the modalities' distributions, by the form that is set.</summary>
    public double Loss { get; }

    /// <summary>Classes that took part, over all pairs of modalities.</summary>
    public int Classes { get; private set; }

    /// <summary>Per modality and true class c: softmax(mean logits of c / T), what is aligned.</summary>
    public double[][][] Distributions { get; }

    private double[] SoftenedMean(SegmentationSums s, int trueClass) =>
        [.. s.LogitSums[trueClass].Select(z => z / (s.Counts[trueClass] + MeanEpsilon) / settings.Temperature)];

    private double[] Distribution(SegmentationSums s, int trueClass)
    {
        double[] mean = SoftenedMean(s, trueClass);
        double[] exponentials = [.. mean.Select(z => Math.Exp(z - mean.Max()))];
        return [.. exponentials.Select(e => e / exponentials.Sum())];
    }

    /// <summary>Logarithm of <see cref="Distribution"/>, exact where an entry underflows.</summary>
    private double[] LogDistribution(SegmentationSums s, int trueClass)
    {
        double[] mean = SoftenedMean(s, trueClass);
        double logSum = mean.Max() + Math.Log(mean.Sum(z => Math.Exp(z - mean.Max())));
        return [.. mean.Select(z => z - logSum)];
    }

    private double Add()
    {
        int[] present = [.. Enumerable.Range(0, sums.Count).Where(m => sums[m].Positions > 0)];
        bool taught = settings.Form == DistillationForm.OneWay;
        (int A, int B)[] pairs =
        [
            .. from a in present from b in present where taught ? a == settings.Teacher && b != a : a < b select (a, b),
        ];
        double loss = 0;
        foreach ((int a, int b) in pairs)
        {
            int[] kept =
            [
                .. Enumerable
                    .Range(0, classes)
                    .Where(c => settings.Absent == AbsentClass.Uniform || (sums[a].Counts[c] > 0 && sums[b].Counts[c] > 0)),
            ];
            Classes += kept.Length;
            foreach (int c in kept)
                loss += Add(a, b, c, 1.0 / (kept.Length * pairs.Length));
        }

        return loss;
    }

    /// <summary>One class of one pair; a is the teacher where there is one.</summary>
    private double Add(int a, int b, int c, double share)
    {
        (double[] qa, double[] qb) = (Distributions[a][c], Distributions[b][c]);
        (double loss, double[] da, double[] db) = settings.Form switch
        {
            DistillationForm.L2 => SquaredDifference(qa, qb),
            DistillationForm.OneWay => TeacherDivergence(qa, qb, LogRatio(a, b, c)),
            DistillationForm.SymmetricKl => SymmetricDivergence(qa, qb, LogRatio(a, b, c)),
            _ => throw new InvalidOperationException($"unknown form of distillation {settings.Form}"),
        };
        double scale = settings.Weight * share / settings.Temperature;
        for (int k = 0; k < classes; k++)
        {
            coefficients.TableRow(a, c)[k] += scale / (sums[a].Counts[c] + MeanEpsilon) * da[k];
            coefficients.TableRow(b, c)[k] += scale / (sums[b].Counts[c] + MeanEpsilon) * db[k];
        }

        return share * loss;
    }

    private double[] LogRatio(int a, int b, int c) =>
        [.. LogDistribution(sums[a], c).Zip(LogDistribution(sums[b], c), (la, lb) => la - lb)];

    /// <summary>(KL(a, b) + KL(b, a)) / 2 and its gradients for the softened mean logits; u is log(qa / qb).</summary>
    private static (double Loss, double[] A, double[] B) SymmetricDivergence(double[] qa, double[] qb, double[] u)
    {
        double ab = qa.Zip(u, (q, d) => q * d).Sum(),
            ba = -qb.Zip(u, (q, d) => q * d).Sum();
        return (
            0.5 * (ab + ba),
            [.. qa.Select((q, k) => 0.5 * ((q * (u[k] - ab)) + q - qb[k]))],
            [.. qb.Select((q, k) => 0.5 * ((q * (-u[k] - ba)) + q - qa[k]))]
        );
    }

    /// <summary>KL(a, b) with a constant.</summary>
    private static (double Loss, double[] A, double[] B) TeacherDivergence(double[] qa, double[] qb, double[] u) =>
        (qa.Zip(u, (q, d) => q * d).Sum(), new double[qa.Length], [.. qb.Zip(qa, (student, teacher) => student - teacher)]);

    /// <summary>|qa - qb|^2 / 2; the derivative of softmax turns d into q (d - q . d).</summary>
    private static (double Loss, double[] A, double[] B) SquaredDifference(double[] qa, double[] qb)
    {
        double[] d = [.. qa.Zip(qb, (a, b) => a - b)];
        double meanA = qa.Zip(d, (q, v) => q * v).Sum(),
            meanB = qb.Zip(d, (q, v) => q * v).Sum();
        return (0.5 * d.Sum(v => v * v), [.. qa.Zip(d, (q, v) => q * (v - meanA))], [.. qb.Zip(d, (q, v) => -q * (v - meanB))]);
    }
}
