using UnpairedSegEngine.Classification.Data;

namespace UnpairedSegEngine.Classification.Evaluation;

/// <summary>
/// How well probabilities agree with labels. A score that does not exist, such as the precision of a class that was never
/// predicted, is null, and means leave it out.
/// </summary>
/// <param name="Images">Judged.</param>
/// <param name="IsMultiLabel">Whether an image may have several labels: decides which scores there are.</param>
/// <param name="CrossEntropy">Mean over images of -log p(label); of several labels, mean over images and classes of the binary
/// one.</param>
/// <param name="Classes">By class.</param>
public sealed record ClassificationReport(int Images, bool IsMultiLabel, double CrossEntropy, IReadOnlyList<ClassScores> Classes)
{
    /// <summary>Probabilities below this count as this in <see cref="CrossEntropy"/>.</summary>
    public const double ProbabilityFloor = 1e-12;

    /// <summary>From this probability on an image of several labels is said to have one.</summary>
    public const float Threshold = 0.5f;

    /// <summary>Share of images whose most probable class is their label; the first of equals. Null for several labels.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Images by label (row) and most probable class (column); null for several labels.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Confusion { get; init; }

    /// <summary>Mean of the classes' average precisions; null for one label.</summary>
    public double? MeanAveragePrecision => Mean(score => score.AveragePrecision);

    /// <summary>Mean of the classes' F1 (macro).</summary>
    public double? MeanF1 => Mean(score => score.F1);

    /// <summary>F1 of all decisions on all classes together (micro).</summary>
    public double? OverallF1 { get; init; }

    /// <summary>Mean of the classes' CorLoc; null where nothing was localized.</summary>
    public double? MeanCorLoc => Mean(score => score.CorLoc);

    /// <summary>Judges predictions.</summary>
    /// <param name="images">At least one.</param>
    /// <param name="scores">Probabilities by class, of each image.</param>
    /// <param name="classNames">By class.</param>
    /// <exception cref="ArgumentException">Not as many scores as images or classes.</exception>
    public static ClassificationReport Of(ImageSet images, IReadOnlyList<float[]> scores, IReadOnlyList<string> classNames)
    {
        if (images.Count == 0 || scores.Count != images.Count)
            throw new ArgumentException($"{scores.Count} rows of scores for {images.Count} images");
        if (classNames.Count != images.ClassCount || scores.Any(row => row.Length != classNames.Count))
            throw new ArgumentException($"{classNames.Count} names, {scores[0].Length} scores, {images.ClassCount} classes");
        return images.IsMultiLabel ? OfSeveralLabels(images, scores, classNames) : OfOneLabel(images, scores, classNames);
    }

    /// <summary>This with how well the classes were localized (see <see cref="Localization.CorLoc"/>).</summary>
    public ClassificationReport With(IReadOnlyList<double?> corLoc) =>
        this with
        {
            Classes = [.. Classes.Zip(corLoc, (score, own) => score with { CorLoc = own })],
        };

    private static ClassificationReport OfOneLabel(ImageSet images, IReadOnlyList<float[]> scores, IReadOnlyList<string> names)
    {
        var confusion = new int[names.Count][];
        for (int label = 0; label < names.Count; label++)
            confusion[label] = new int[names.Count];
        double loss = 0;
        for (int i = 0; i < images.Count; i++)
        {
            int label = images.Label(i);
            confusion[label][Array.IndexOf(scores[i], scores[i].Max())]++;
            loss -= Log(scores[i][label]);
        }

        var decisions = Enumerable
            .Range(0, names.Count)
            .Select(k => new Decisions(
                confusion[k][k],
                confusion.Sum(row => row[k]) - confusion[k][k],
                confusion[k].Sum() - confusion[k][k]
            ))
            .ToArray();
        return new ClassificationReport(
            images.Count,
            IsMultiLabel: false,
            loss / images.Count,
            [.. decisions.Zip(names, (own, name) => own.ToScores(name))]
        )
        {
            Accuracy = decisions.Sum(own => own.True) / (double)images.Count,
            Confusion = confusion,
            OverallF1 = Decisions.Sum(decisions).F1,
        };
    }

    private static ClassificationReport OfSeveralLabels(
        ImageSet images,
        IReadOnlyList<float[]> scores,
        IReadOnlyList<string> names
    )
    {
        bool[][] labels = [.. Enumerable.Range(0, images.Count).Select(images.Labels)];
        double loss = 0;
        foreach ((bool[] own, float[] row) in labels.Zip(scores))
            loss -= own.Zip(row, (has, p) => Log(has ? p : 1.0 - p)).Sum();
        var decisions = Enumerable
            .Range(0, names.Count)
            .Select(k => new Decisions(
                Count(k, has: true, said: true),
                Count(k, has: false, said: true),
                Count(k, has: true, said: false)
            ))
            .ToArray();
        return new ClassificationReport(
            images.Count,
            IsMultiLabel: true,
            loss / images.Count / names.Count,
            [
                .. decisions.Select(
                    (own, k) =>
                        own.ToScores(names[k]) with
                        {
                            AveragePrecision = AveragePrecision.Of(
                                [.. scores.Select(row => row[k])],
                                [.. labels.Select(l => l[k])]
                            ),
                        }
                ),
            ]
        )
        {
            OverallF1 = Decisions.Sum(decisions).F1,
        };

        int Count(int k, bool has, bool said) =>
            Enumerable.Range(0, images.Count).Count(i => labels[i][k] == has && scores[i][k] >= Threshold == said);
    }

    private static double Log(double probability) => Math.Log(Math.Max(probability, ProbabilityFloor));

    private double? Mean(Func<ClassScores, double?> score) => Classes.Select(score).Average();

    /// <summary>What was said of a class: rightly, wrongly, and what was missed.</summary>
    private readonly record struct Decisions(int True, int Wrong, int Missed)
    {
        public double? F1 => Share(2 * True, (2 * True) + Wrong + Missed);

        public static Decisions Sum(IReadOnlyCollection<Decisions> all) =>
            new(all.Sum(d => d.True), all.Sum(d => d.Wrong), all.Sum(d => d.Missed));

        public ClassScores ToScores(string name) =>
            new(name, True + Missed)
            {
                Recall = Share(True, True + Missed),
                Precision = Share(True, True + Wrong),
                F1 = F1,
            };

        private static double? Share(int part, int whole) => whole == 0 ? null : (double)part / whole;
    }
}
