using UnpairedSegEngine.Imaging.Phantoms;

namespace UnpairedSegEngine.Methods;

/// <summary>An experiment on built-in data that shows what a method gains, in minutes on two cores.</summary>
/// <param name="WriteData">Writes what is trained and judged on to a folder that is not there yet, by a seed.</param>
/// <param name="Settings">That all variants have in common, "key=value".</param>
/// <param name="Variants">Which ones, by name.</param>
/// <param name="Seeds">How many; a quick demonstration has one.</param>
/// <param name="QuickSettings">On top of the others where it has to be quick.</param>
public sealed record Demonstration(
    Action<string, ulong, CancellationToken> WriteData,
    IReadOnlyList<string> Settings,
    IReadOnlyList<string> Variants,
    int Seeds,
    IReadOnlyList<string> QuickSettings
)
{
    /// <summary>Writes phantoms.</summary>
    /// <param name="options">All but the seed.</param>
    internal static Action<string, ulong, CancellationToken> Phantoms(PhantomDatasetOptions options) =>
        (folder, seed, stop) => PhantomDataset.Write(folder, options with { Seed = seed }, null, stop);
}
