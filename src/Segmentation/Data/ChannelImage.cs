namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>The file that holds one channel of a case.</summary>
/// <param name="Channel">Which.</param>
/// <param name="Path">The file.</param>
public sealed record ChannelImage(Channel Channel, string Path);
