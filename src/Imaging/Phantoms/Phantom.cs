namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>A made-up scan: whole numbers in HU (CT) or arbitrary units (MR), and its exact labels on the same grid.</summary>
public sealed record Phantom(Volume<short> Image, Volume<byte> Labels);
