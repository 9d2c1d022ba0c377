namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// InfoNCE between class means of one modality and class prototypes of another: for each pair of modalities a, b and each class c
/// that a's batch has and b has a prototype of, -log(exp(s_c) / sum_k exp(s_k)) with s_k = cos(mean_ac, prototype_bk) / T, over
/// the classes k that b has prototypes of; the mean over all such a, b, c. Prototypes are constants. All in float64.
/// </summary>
/// <remarks>
/// Contrast with a memory by class: Wang et al. 2021, arXiv:2101.11939 (pixels, one domain), after van den Oord et al. 2018,
/// arXiv:1807.03748. Class means as anchors and prototypes of another modality as what they are compared with are ours.
/// </remarks>
internal sealed class PrototypeContrast
{
    private readonly double temperature;

    /// <param name="temperature">T, above 0.</param>
    /// <param name="means">By modality and class, of the batch; null where it lacks the class.</param>
    /// <param name="prototypes">By modality and class, of any length but 0; null where there is none yet.</param>
    public PrototypeContrast(double temperature, double[]?[][] means, double[]?[][] prototypes)
    {
        this.temperature = temperature;
        double[]?[][] towards = [.. prototypes.Select(of => of.Select(Direction).ToArray())];
        Gradients = [.. means.Select(of => of.Select(mean => new double[mean?.Length ?? 0]).ToArray())];
        (int A, int B, int Class)[] anchors =
        [
            .. from a in Enumerable.Range(0, means.Length)
            from b in Enumerable.Range(0, means.Length)
            from c in Enumerable.Range(0, means[a].Length)
            where a != b && Direction(means[a][c]) is not null && towards[b][c] is not null
            select (a, b, c),
        ];
        Anchors = anchors.Length;
        foreach ((int a, int b, int c) in anchors)
            Loss += Add(means[a][c]!, towards[b], c, Gradients[a][c], 1.0 / anchors.Length);
    }

    /// <summary>The mean over anchors; 0 where there is none.</summary>
    public double Loss { get; }

    /// <summary>Means that were compared, once for each other modality.</summary>
    public int Anchors { get; }

    /// <summary>By modality and class, the derivatives for the means; empty where the batch lacks the class.</summary>
    public double[][][] Gradients { get; }

    /// <summary>A vector of length 1; null where there is none, or one without a direction.</summary>
    private static double[]? Direction(double[]? vector)
    {
        double length = vector is null ? 0 : Length(vector);
        return length > 0 ? [.. vector!.Select(value => value / length)] : null;
    }

    private static double Length(double[] vector) => Math.Sqrt(Product(vector, vector));

    private static double Product(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    /// <summary>One anchor; its share of the loss.</summary>
    private double Add(double[] mean, double[]?[] prototypes, int trueClass, double[] gradient, double share)
    {
        double[] anchor = Direction(mean)!;
        double[] scores =
        [
            .. prototypes.Select(towards => towards is null ? double.NegativeInfinity : Product(anchor, towards) / temperature),
        ];
        double most = scores.Max(),
            logSum = most + Math.Log(scores.Sum(score => Math.Exp(score - most)));
        var ofAnchor = new double[mean.Length];
        for (int k = 0; k < prototypes.Length; k++)
        {
            if (prototypes[k] is not { } towards)
                continue;
            double pull = (Math.Exp(scores[k] - logSum) - (k == trueClass ? 1 : 0)) / temperature;
            for (int i = 0; i < mean.Length; i++)
                ofAnchor[i] += pull * towards[i];
        }

        // Along the anchor nothing changes: only its direction counts.
        (double along, double length) = (Product(ofAnchor, anchor), Length(mean));
        for (int i = 0; i < mean.Length; i++)
            gradient[i] += share * (ofAnchor[i] - (along * anchor[i])) / length;
        return share * (logSum - scores[trueClass]);
    }
}
