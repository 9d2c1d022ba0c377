namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>An imaging modality of a dataset ("domain" in dataset.json).</summary>
/// <param name="Name">Its name there, for example "CT".</param>
/// <param name="Index">Its place there, from 0: the modality index that the network's normalization layers are given.</param>
public sealed record Modality(string Name, int Index);
