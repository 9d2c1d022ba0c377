namespace UnpairedSegEngine.Backends;

/// <summary>
/// The few numbers between the two passes of the segmentation loss: the losses and the coefficients of their gradient, from the
/// sums
/// of <see cref="Backend.SegmentationLossSums"/>. All in float64. Formulas: Dou et al. 2020, arXiv:2001.03111.
/// </summary>
public sealed class SegmentationLossTerms
{
    private const double DiceEpsilon = 1e-7;
    private const double MeanEpsilon = 1e-6;

    private readonly SegmentationLossProblem problem;
    private readonly int classes;
    private readonly ModalitySums[] sums;

    /// <param name="problem">Weights and sizes.</param>
    /// <param name="sums">Content of the sums tensor, (modalities, 4 C + C C).</param>
    public SegmentationLossTerms(SegmentationLossProblem problem, double[] sums)
    {
        this.problem = problem;
        classes = problem.Classes;
        int modalities = problem.Modality.Modalities;
        this.sums =
        [
            .. Enumerable
                .Range(0, modalities)
                .Select(m => new ModalitySums(problem, m, sums.AsSpan(m * problem.SumsShape[1], problem.SumsShape[1]))),
        ];
        Coefficients = new double[problem.CoefficientsShape.Count];
        Dice = new double[modalities];
        CrossEntropy = new double[modalities];
        for (int m = 0; m < modalities; m++)
        {
            if (this.sums[m].Positions > 0)
                (Dice[m], CrossEntropy[m]) = (AddDice(m), AddCrossEntropy(m));
        }

        ClassDistributions = [.. this.sums.Select(s => Enumerable.Range(0, classes).Select(c => Distribution(s, c)).ToArray())];
        Distillation = AddDistillation();
        Total =
            (problem.DiceWeight * Dice.Sum())
            + (problem.CrossEntropyWeight * CrossEntropy.Sum())
            + (problem.DistillationWeight * Distillation);
    }

    /// <summary>The weighted sum of all terms.</summary>
    public double Total { get; }

    /// <summary>Soft Dice loss per modality, in [-1, 0]: -(1/C) sum_c 2 I_c / (P_c + N_c + 1e-7).</summary>
    public double[] Dice { get; }

    /// <summary>Class-weighted cross-entropy per modality: (1/M) sum_c w_c E_c with w_c = 1 - N_c / N.</summary>
    public double[] CrossEntropy { get; }

    /// <summary>
    /// Mean over classes of the difference between the modalities' softened class-mean distributions, by the problem's measure.
    /// </summary>
    public double Distillation { get; }

    /// <summary>Classes that took part in <see cref="Distillation"/>, over all pairs of modalities.</summary>
    public int DistilledClasses { get; private set; }

    /// <summary>Per modality and true class c: softmax(mean logits of c / T), what the distillation aligns.</summary>
    public double[][][] ClassDistributions { get; }

    /// <summary>Content of the coefficients tensor of <see cref="Backend.SegmentationLossGradient"/>.</summary>
    public double[] Coefficients { get; }

    /// <summary>Whether the batch has positions of a class in a modality.</summary>
    public bool HasClass(int modality, int trueClass) => sums[modality].Counts[trueClass] > 0;

    private Span<double> DiceTrue(int modality) => CoefficientsOf(modality)[..classes];

    private Span<double> DiceSquare(int modality) => CoefficientsOf(modality).Slice(classes, classes);

    private Span<double> TruePositive(int modality) => CoefficientsOf(modality).Slice(2 * classes, classes);

    private Span<double> TableRow(int modality, int trueClass) =>
        CoefficientsOf(modality).Slice((3 + trueClass) * classes, classes);

    private Span<double> CoefficientsOf(int modality)
    {
        int width = problem.CoefficientsShape[1];
        return Coefficients.AsSpan(modality * width, width);
    }

    private double AddDice(int m)
    {
        double loss = 0;
        for (int c = 0; c < classes; c++)
        {
            ModalitySums s = sums[m];
            double size = s.Squares[c] + s.Counts[c] + DiceEpsilon;
            loss -= 2 * s.Intersections[c] / size / classes;
            DiceTrue(m)[c] = problem.DiceWeight * -2 / (classes * size);
            DiceSquare(m)[c] = problem.DiceWeight * 4 * s.Intersections[c] / (classes * size * size);
        }

        return loss;
    }

    private double AddCrossEntropy(int m)
    {
        ModalitySums s = sums[m];
        double labelled = s.Counts.Sum();
        if (labelled == 0)
            return 0;
        double loss = 0;
        for (int c = 0; c < classes; c++)
        {
            double weight = (1 - (s.Counts[c] / labelled)) / s.Positions;
            loss += weight * s.NegativeLogs[c];
            TruePositive(m)[c] = problem.CrossEntropyWeight * -weight;
        }

        return loss;
    }

    private double[] Distribution(ModalitySums s, int trueClass)
    {
        double[] mean = [.. s.LogitSums[trueClass].Select(z => z / (s.Counts[trueClass] + MeanEpsilon) / problem.Temperature)];
        double[] exponentials = [.. mean.Select(z => Math.Exp(z - mean.Max()))];
        return [.. exponentials.Select(e => e / exponentials.Sum())];
    }

    /// <summary>Logarithm of <see cref="Distribution"/>, exact where an entry underflows.</summary>
    private double[] LogDistribution(ModalitySums s, int trueClass)
    {
        double[] mean = [.. s.LogitSums[trueClass].Select(z => z / (s.Counts[trueClass] + MeanEpsilon) / problem.Temperature)];
        double logSum = mean.Max() + Math.Log(mean.Sum(z => Math.Exp(z - mean.Max())));
        return [.. mean.Select(z => z - logSum)];
    }

    private double AddDistillation()
    {
        int[] present = [.. Enumerable.Range(0, sums.Length).Where(m => sums[m].Positions > 0)];
        bool taught = problem.Measure == DistillationMeasure.OneWay;
        (int A, int B)[] pairs =
        [
            .. from a in present from b in present where taught ? a == problem.Teacher && b != a : a < b select (a, b),
        ];
        double loss = 0;
        foreach ((int a, int b) in pairs)
        {
            int[] kept =
            [
                .. Enumerable
                    .Range(0, classes)
                    .Where(c =>
                        problem.AbsentClass == AbsentClassPolicy.Uniform || (sums[a].Counts[c] > 0 && sums[b].Counts[c] > 0)
                    ),
            ];
            DistilledClasses += kept.Length;
            foreach (int c in kept)
                loss += AddDistillation(a, b, c, 1.0 / (kept.Length * pairs.Length));
        }

        return loss;
    }

    /// <summary>One class of one pair; a is the teacher where there is one.</summary>
    private double AddDistillation(int a, int b, int c, double share)
    {
        (double[] qa, double[] qb) = (ClassDistributions[a][c], ClassDistributions[b][c]);
        (double loss, double[] da, double[] db) = problem.Measure switch
        {
            DistillationMeasure.L2 => SquaredDifference(qa, qb),
            DistillationMeasure.OneWay => TeacherDivergence(qa, qb, LogRatio(a, b, c)),
            DistillationMeasure.SymmetricKl => SymmetricDivergence(qa, qb, LogRatio(a, b, c)),
            _ => throw new InvalidOperationException($"unknown measure of distillation {problem.Measure}"),
        };
        double scale = problem.DistillationWeight * share / problem.Temperature;
        for (int k = 0; k < classes; k++)
        {
            TableRow(a, c)[k] += scale / (sums[a].Counts[c] + MeanEpsilon) * da[k];
            TableRow(b, c)[k] += scale / (sums[b].Counts[c] + MeanEpsilon) * db[k];
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

    private sealed class ModalitySums
    {
        public ModalitySums(SegmentationLossProblem problem, int modality, ReadOnlySpan<double> sums)
        {
            int classes = problem.Classes;
            Positions = (double)problem.Modality.SamplesOf(modality) * problem.Positions;
            Intersections = sums[..classes].ToArray();
            Squares = sums.Slice(classes, classes).ToArray();
            Counts = sums.Slice(2 * classes, classes).ToArray();
            NegativeLogs = sums.Slice(3 * classes, classes).ToArray();
            LogitSums = new double[classes][];
            for (int c = 0; c < classes; c++)
                LogitSums[c] = sums.Slice((4 + c) * classes, classes).ToArray();
        }

        public double Positions { get; }
        public double[] Intersections { get; }
        public double[] Squares { get; }
        public double[] Counts { get; }
        public double[] NegativeLogs { get; }
        public double[][] LogitSums { get; }
    }
}
