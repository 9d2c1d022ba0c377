namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// How bright a tissue is: mean and between-subject standard deviation, in HU for CT and in arbitrary units for MR and T1.
/// Each modality orders the tissues differently, and organs overlap with their surroundings in all, so that no threshold finds
/// them.
/// </summary>
internal sealed record Tissue(
    double CtMean,
    double CtDeviation,
    double MrMean,
    double MrDeviation,
    double T1Mean,
    double T1Deviation
)
{
    public static readonly Tissue Air = new(-1000, 0, 5, 2, 4, 2);
    public static readonly Tissue Lung = new(-820, 30, 45, 10, 30, 8);
    public static readonly Tissue Fat = new(-100, 8, 130, 30, 560, 40);
    public static readonly Tissue Muscle = new(58, 6, 165, 20, 230, 20);
    public static readonly Tissue Bone = new(330, 60, 90, 20, 60, 15);
    public static readonly Tissue Marrow = new(160, 25, 210, 30, 420, 40);
    public static readonly Tissue SpinalCanal = new(25, 5, 620, 60, 110, 20);
    public static readonly Tissue Liver = new(108, 12, 235, 30, 330, 30);
    public static readonly Tissue Spleen = new(116, 12, 430, 50, 240, 25);
    public static readonly Tissue KidneyCortex = new(168, 20, 520, 60, 300, 30);
    public static readonly Tissue KidneyMedulla = new(120, 18, 640, 70, 200, 25);
    public static readonly Tissue Pancreas = new(95, 12, 290, 40, 370, 35);
    public static readonly Tissue Bile = new(8, 6, 820, 60, 130, 40);
    public static readonly Tissue Gastric = new(40, 25, 430, 190, 160, 80);
    public static readonly Tissue GastricGas = new(-850, 60, 15, 5, 12, 5);
    public static readonly Tissue Bowel = new(75, 40, 400, 160, 210, 70);
    public static readonly Tissue ContrastBlood = new(160, 30, 60, 15, 90, 20);
    public static readonly Tissue LeftBlood = new(320, 40, 520, 45, 120, 20);
    public static readonly Tissue RightBlood = new(210, 50, 480, 60, 110, 20);
    public static readonly Tissue Myocardium = new(112, 12, 235, 25, 260, 20);

    /// <summary>What all organs are made of where CT does not tell them apart.</summary>
    public static readonly Tissue Organ = new(118, 10, 0, 0, 0, 0);

    /// <summary>A tissue of an MR sequence, which no CT sees.</summary>
    public static Tissue OfMr(double mean, double deviation) => new(0, 0, mean, deviation, 0, 0);

    public double Draw(PhantomModality modality, CounterRandom random) =>
        modality switch
        {
            PhantomModality.CT => CtMean + (CtDeviation * random.Normal(0)),
            PhantomModality.MR => Math.Max(0, MrMean + (MrDeviation * random.Normal(0))),
            PhantomModality.T1 => Math.Max(0, T1Mean + (T1Deviation * random.Normal(0))),
            _ => throw new ArgumentOutOfRangeException(nameof(modality), modality, "no such modality"),
        };
}
