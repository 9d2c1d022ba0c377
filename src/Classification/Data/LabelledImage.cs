namespace UnpairedSegEngine.Classification.Data;

/// <summary>An image with its labels.</summary>
/// <param name="Name">File, or file and place in it, for messages.</param>
/// <param name="Pixels">(height, width, channels).</param>
/// <param name="Classes">Ascending, each once: exactly one where the set has one label per image.</param>
public sealed record LabelledImage(string Name, byte[] Pixels, IReadOnlyList<int> Classes)
{
    /// <summary>Where objects may be; none where the set has no proposals.</summary>
    public IReadOnlyList<BoxProposal> Proposals { get; init; } = [];

    /// <summary>Where objects are, as far as the set says so.</summary>
    public IReadOnlyList<ObjectBox> Objects { get; init; } = [];
}
