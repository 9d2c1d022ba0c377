using System.IO.Hashing;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>What tells a case from a changed one: neither compression nor the place of its files matters.</summary>
/// <param name="Modality">What it was imaged with.</param>
/// <param name="Shape">Voxels along x, y and z.</param>
/// <param name="Affine">World position of a step along x, y and z, and of the first voxel: four times three numbers, RAS+
/// mm.</param>
/// <param name="Image">XxHash128 of the voxels of all channels, one after another, as float32.</param>
/// <param name="Labels">XxHash128 of the reference segmentation's voxels as bytes; null where there is none.</param>
public sealed record CaseFingerprint(
    string Modality,
    IReadOnlyList<int> Shape,
    IReadOnlyList<double> Affine,
    string Image,
    string? Labels
)
{
    /// <summary>
    /// Readings of one header agree to the last bit; this leaves room for other ways to compute the same affine.
    /// </summary>
    private const double ToleranceMillimetres = 1e-4;

    /// <summary>
    /// XxHash128 of each channel's voxels, by its name, so that readings of different channels of a case can be compared; null in
    /// what version 0.1.0 wrote, and for images of no dataset.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Channels { get; init; }

    /// <summary>Hashes every voxel of a case.</summary>
    public static CaseFingerprint Of(LoadedCase loaded)
    {
        OriginalGrid grid = OriginalGrid.Of(loaded.Geometry);
        string image = HashOf(loaded.Images);
        return new CaseFingerprint(
            loaded.Modality.Name,
            grid.Shape,
            grid.Affine,
            image,
            loaded.Labels is { } labels ? Convert.ToHexStringLower(XxHash128.Hash(labels.Voxels)) : null
        )
        {
            Channels =
                loaded.ChannelNames.Count == loaded.Images.Count
                    ? loaded
                        .ChannelNames.Zip(loaded.Images)
                        .ToDictionary(
                            channel => channel.First,
                            channel => loaded.Images.Count == 1 ? image : HashOf([channel.Second])
                        )
                    : null,
        };
    }

    /// <summary>What is another in a case of the same name now, as the rest of a sentence; null where nothing is.</summary>
    public string? DifferenceTo(CaseFingerprint now)
    {
        if (Modality != now.Modality)
            return $"was of modality {Modality} and is of {now.Modality} now";
        if (!Shape.SequenceEqual(now.Shape))
            return $"had {string.Join(" x ", Shape)} voxels and has {string.Join(" x ", now.Shape)} now";
        if (
            Affine.Count != now.Affine.Count
            || Affine.Zip(now.Affine).Any(pair => !(Math.Abs(pair.First - pair.Second) <= ToleranceMillimetres))
        )
            return "lies elsewhere now: the affine of its image changed";
        if (HasOtherImage(now))
            return "has other voxels in its image now";
        return Labels == now.Labels ? null : "has another reference segmentation now";
    }

    /// <remarks>Channels that only one of the two has say nothing.</remarks>
    private bool HasOtherImage(CaseFingerprint now) =>
        Channels is null || now.Channels is null
            ? Image != now.Image
            : Channels.Any(channel => now.Channels.TryGetValue(channel.Key, out string? other) && other != channel.Value);

    private static string HashOf(IEnumerable<Volume<float>> images)
    {
        var hash = new XxHash128();
        foreach (Volume<float> image in images)
            hash.Append(MemoryMarshal.AsBytes(image.Voxels.AsSpan()));
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
