namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>Made-up scans of one head by several MR sequences, and its exact labels, all on one grid.</summary>
/// <param name="Images">Arbitrary units, by <see cref="MrSequence"/>.</param>
/// <param name="Labels">By <see cref="PairedPhantomGenerator.LabelNames"/>; 0 is background.</param>
public sealed record PairedPhantom(IReadOnlyList<Volume<short>> Images, Volume<byte> Labels);
