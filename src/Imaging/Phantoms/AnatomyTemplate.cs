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

    /// <summary>As a modality sees it.</summary>
    public AnatomyTemplate SeenBy(PhantomModality modality, PhantomRelation relation) =>
        modality != PhantomModality.CT
            ? this
            : relation switch
            {
                PhantomRelation.Usual => this,
                PhantomRelation.Shared => With(Alike),
                PhantomRelation.Unrelated => With(structure => Turned(Alike(structure))),
                _ => throw new ArgumentOutOfRangeException(nameof(relation), relation, "no such relation"),
            };

    private AnatomyTemplate With(Func<Structure, Structure> change) => this with { Structures = [.. Structures.Select(change)] };

    private static Structure Alike(Structure structure) =>
        structure.Label == 0
            ? structure
            : structure with
            {
                Tissue = Tissue.Organ,
                Core = structure.Core is { } core ? core with { Tissue = Tissue.Organ } : null,
            };

    /// <summary>Front to back, with the next organ's label.</summary>
    private Structure Turned(Structure structure) =>
        structure with
        {
            Label = Next(structure.Label),
            Centre = structure.Centre with { Y = -structure.Centre.Y },
            Yaw = -structure.Yaw,
            Core = structure.Core is { } core ? core with { Label = Next(core.Label) } : null,
        };

    private byte Next(byte label) => label == 0 ? label : (byte)((label % LabelNames.Count) + 1);
}
