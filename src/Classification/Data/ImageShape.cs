using System.Text.Json.Serialization;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>The size of every image of a set.</summary>
/// <param name="Height">Pixels.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Channels">1 for grey, 3 for red, green and blue.</param>
public sealed record ImageShape(int Height, int Width, int Channels)
{
    /// <summary>Values of an image.</summary>
    [JsonIgnore]
    public int Length => checked(Height * Width * Channels);

    /// <summary>"32x32x3": height, width, channels.</summary>
    public override string ToString() => $"{Height}x{Width}x{Channels}";
}
