namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// How bright a tissue is: mean and between-subject standard deviation, in HU for CT and in arbitrary units for MR. The two
/// modalities
/// order the tissues differently, and organs overlap with their surroundings in both, so that no threshold finds them.
/// </summary>
internal sealed record Tissue(double CtMean, double CtDeviation, double MrMean, double MrDeviation)
{
    public static readonly Tissue Air = new(-1000, 0, 5, 2);
    public static readonly Tissue Lung = new(-820, 30, 45, 10);
    public static readonly Tissue Fat = new(-100, 8, 130, 30);
    public static readonly Tissue Muscle = new(58, 6, 165, 20);
    public static readonly Tissue Bone = new(330, 60, 90, 20);
    public static readonly Tissue Marrow = new(160, 25, 210, 30);
    public static readonly Tissue SpinalCanal = new(25, 5, 620, 60);
    public static readonly Tissue Liver = new(108, 12, 235, 30);
    public static readonly Tissue Spleen = new(116, 12, 430, 50);
    public static readonly Tissue KidneyCortex = new(168, 20, 520, 60);
    public static readonly Tissue KidneyMedulla = new(120, 18, 640, 70);
    public static readonly Tissue Pancreas = new(95, 12, 290, 40);
    public static readonly Tissue Bile = new(8, 6, 820, 60);
    public static readonly Tissue Gastric = new(40, 25, 430, 190);
    public static readonly Tissue GastricGas = new(-850, 60, 15, 5);
    public static readonly Tissue Bowel = new(75, 40, 400, 160);
    public static readonly Tissue ContrastBlood = new(160, 30, 60, 15);
    public static readonly Tissue LeftBlood = new(320, 40, 520, 45);
    public static readonly Tissue RightBlood = new(210, 50, 480, 60);
    public static readonly Tissue Myocardium = new(112, 12, 235, 25);

    /// <summary>A tissue of an MR sequence, which no CT sees.</summary>
    public static Tissue OfMr(double mean, double deviation) => new(0, 0, mean, deviation);

    public double Draw(PhantomModality modality, CounterRandom random) =>
        modality == PhantomModality.CT
            ? CtMean + (CtDeviation * random.Normal(0))
            : Math.Max(0, MrMean + (MrDeviation * random.Normal(0)));
}
