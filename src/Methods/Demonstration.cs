using UnpairedSegEngine.Imaging.Phantoms;

namespace UnpairedSegEngine.Methods;

/// <summary>An experiment on phantoms that shows what a method gains, in minutes on two cores.</summary>
/// <param name="Phantoms">What is trained and judged on.</param>
/// <param name="Settings">That all variants have in common, "key=value".</param>
/// <param name="Variants">Which ones, by name.</param>
/// <param name="Seeds">How many; a quick demonstration has one.</param>
/// <param name="QuickSettings">On top of the others where it has to be quick.</param>
public sealed record Demonstration(
    PhantomDatasetOptions Phantoms,
    IReadOnlyList<string> Settings,
    IReadOnlyList<string> Variants,
    int Seeds,
    IReadOnlyList<string> QuickSettings
);
