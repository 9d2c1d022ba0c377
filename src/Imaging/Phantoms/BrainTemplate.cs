namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// A head with a lesion somewhere in the white matter of one side: grey matter, ventricles and lesion are labelled. A template
/// is what one MR sequence sees of it; those of one subject differ in brightness only.
/// </summary>
internal static class BrainTemplate
{
    /// <summary>Relative standard deviation of a tissue's brightness between subjects.</summary>
    private const double Deviation = 0.05;

    /// <summary>Names of the labels 1, 2, ...</summary>
    public static IReadOnlyList<string> LabelNames { get; } = ["grey matter", "ventricles", "lesion"];

    /// <param name="sequence">Which channel.</param>
    /// <param name="contrast">How much brighter than white matter the lesion is in T1, in noise deviations of a usual
    /// scan.</param>
    /// <param name="subject">Says where the lesion is.</param>
    public static AnatomyTemplate Create(MrSequence sequence, double contrast, CounterRandom subject)
    {
        Tissue scalp = Of(sequence, 420, 450, 330, 300),
            skull = Of(sequence, 60, 60, 50, 50),
            fluid = Of(sequence, 110, 115, 700, 90),
            grey = Of(sequence, 290, 300, 420, 400),
            white = Steady(sequence, 340, 350, 330, 320),
            lesion = Steady(sequence, 340 + (contrast * Scanner.UsualNoise), 620, 620, 610);
        CounterRandom place = subject["lesion place"];
        double side = place.Uniform(0) < 0.5 ? -1 : 1;
        return new AnatomyTemplate(
            new(190, 220, 120),
            [
                new Structure("scalp", scalp, 0, new(0, 0, -10), new(82, 98, 92)).Steady(),
                new Structure("skull", skull, 0, new(0, 0, -10), new(77, 93, 87)).Steady(),
                new Structure("fluid", fluid, 0, new(0, 0, -10), new(71, 87, 81)).Steady(),
                new Structure("brain", grey, 1, new(0, 0, -10), new(67, 83, 77)) { Core = new(0.9, white, 0) }.Steady(),
                new("right deep grey", grey, 1, new(14, 6, -8), new(6, 13, 9)) { Wander = 4 },
                new("left deep grey", grey, 1, new(-14, 6, -8), new(6, 13, 9)) { Wander = 4 },
                new("right ventricle", fluid, 2, new(8, -4, 8), new(5, 26, 10), Yaw: 8) { Wander = 3 },
                new("left ventricle", fluid, 2, new(-8, -4, 8), new(5, 26, 10), Yaw: -8) { Wander = 3 },
                new(
                    "lesion",
                    lesion,
                    3,
                    new(side * place.Uniform(1, 33, 38), place.Uniform(2, -24, 24), place.Uniform(3, -24, 8)),
                    new(13, 15, 16)
                )
                {
                    Wander = 4,
                    SizeDeviation = 0.15,
                },
            ],
            LabelNames
        );
    }

    private static Tissue Of(MrSequence sequence, double t1, double t1ce, double t2, double flair)
    {
        double mean = Mean(sequence, t1, t1ce, t2, flair);
        return Tissue.OfMr(mean, Deviation * mean);
    }

    /// <summary>Alike in all subjects, so that the lesion's contrast is what was asked for.</summary>
    private static Tissue Steady(MrSequence sequence, double t1, double t1ce, double t2, double flair) =>
        Tissue.OfMr(Mean(sequence, t1, t1ce, t2, flair), 0);

    private static double Mean(MrSequence sequence, double t1, double t1ce, double t2, double flair) =>
        sequence switch
        {
            MrSequence.T1 => t1,
            MrSequence.T1ce => t1ce,
            MrSequence.T2 => t2,
            MrSequence.FLAIR => flair,
            _ => throw new ArgumentOutOfRangeException(nameof(sequence), sequence, "no such sequence"),
        };
}
