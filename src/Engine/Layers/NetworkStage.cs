namespace UnpairedSegEngine.Layers;

/// <summary>A part of a network, whose result is a map of features that can be looked at or replaced.</summary>
/// <param name="Name">As the network's parameters begin: "g3", "enc1".</param>
/// <param name="Index">Its place among the network's stages.</param>
/// <param name="Channels">Of its result.</param>
public sealed record NetworkStage(string Name, int Index, int Channels);
