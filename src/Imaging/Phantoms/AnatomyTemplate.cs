namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>The average body: what a subject is a variation of.</summary>
/// <param name="FieldOfView">Size of the scanned box in mm.</param>
/// <param name="Structures">In painting order: a later one covers an earlier one.</param>
/// <param name="LabelNames">Names of the labels 1, 2, ...</param>
internal sealed record AnatomyTemplate(
    Vector3d FieldOfView,
    IReadOnlyList<Structure> Structures,
    IReadOnlyList<string> LabelNames
)
{
    public static AnatomyTemplate Of(PhantomAnatomy anatomy) =>
        anatomy switch
        {
            PhantomAnatomy.Abdomen => AbdomenTemplate.Create(),
            PhantomAnatomy.Heart => HeartTemplate.Create(),
            _ => throw new ArgumentOutOfRangeException(nameof(anatomy), anatomy, "no such anatomy"),
        };
}
