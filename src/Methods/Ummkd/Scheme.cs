using UnpairedSegEngine.Segmentation.Sharing;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>What the modalities share, and whether they learn from each other.</summary>
/// <param name="Name">As configurations say it.</param>
/// <param name="Summary">One line for a person.</param>
/// <param name="Sharing">What the modalities share.</param>
/// <param name="Distills">Whether the loss compares the modalities' class distributions.</param>
/// <param name="Alternates">Whether the modalities update the weights in turns.</param>
/// <param name="MixesStyles">Whether samples get means and deviations of another modality's features.</param>
/// <param name="Contrasts">Whether class means of features are compared with the other modality's prototypes.</param>
public sealed record Scheme(
    SchemeName Name,
    string Summary,
    SharingName Sharing,
    bool Distills = false,
    bool Alternates = false,
    bool MixesStyles = false,
    bool Contrasts = false
)
{
    /// <summary>All of them, in the order of tables.</summary>
    public static IReadOnlyList<Scheme> All { get; } =
    [
        new(SchemeName.Individual, "a network per modality", SharingName.Individual),
        new(SchemeName.Joint, "everything shared, normalization too", SharingName.Joint),
        new(SchemeName.JointNorm, "shared kernels, normalization per modality", SharingName.JointNorm),
        new(SchemeName.YShape, "own early layers, the rest shared", SharingName.YShape),
        new(SchemeName.XShape, "own early and late layers, shared in between", SharingName.XShape),
        new(SchemeName.Ummkd, "shared kernels, normalization per modality, distillation", SharingName.JointNorm, Distills: true),
        new(
            SchemeName.Alternating,
            "shared kernels, normalization per modality, updates in turns",
            SharingName.JointNorm,
            Alternates: true
        ),
        new(
            SchemeName.StyleMixing,
            "shared kernels, normalization per modality, styles of features mixed",
            SharingName.JointNorm,
            MixesStyles: true
        ),
        new(
            SchemeName.Prototypes,
            "shared kernels, normalization per modality, class prototypes contrasted",
            SharingName.JointNorm,
            Contrasts: true
        ),
        new(
            SchemeName.Conditioned,
            "shared kernels, normalization per modality, a read-out made for modality and class",
            SharingName.Conditioned
        ),
    ];

    /// <summary>Its name as users write it: "joint-norm".</summary>
    public string Text => SnakeCase.From(Name.ToString()).Replace('_', '-');

    /// <summary>The scheme of a name.</summary>
    public static Scheme Of(SchemeName name) => All.Single(scheme => scheme.Name == name);
}
