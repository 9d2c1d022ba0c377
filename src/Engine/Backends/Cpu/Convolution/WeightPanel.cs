namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>Neighbouring output channels that one micro-kernel computes.</summary>
/// <param name="FirstChannel">First output channel.</param>
/// <param name="Channels">Real channels; the rest up to <paramref name="Width"/> are padding.</param>
/// <param name="Vectors">Vectors.</param>
/// <param name="Width">Channels with padding.</param>
/// <param name="Offset">Where its packed weights begin, in elements.</param>
internal readonly record struct WeightPanel(int FirstChannel, int Channels, int Vectors, int Width, long Offset)
{
    public bool IsFull => Channels == Width;

    /// <summary>Cuts channels into panels of two vectors and a last one of as few as hold the rest.</summary>
    public static WeightPanel[] Cut(int channels, int lanes, long stepsPerPanel)
    {
        var panels = new List<WeightPanel>();
        long offset = 0;
        for (int first = 0; first < channels; first += 2 * lanes)
        {
            int remaining = Math.Min(channels - first, 2 * lanes);
            int vectors = (remaining + lanes - 1) / lanes;
            panels.Add(new WeightPanel(first, remaining, vectors, vectors * lanes, offset));
            offset += stepsPerPanel * vectors * lanes;
        }

        return [.. panels];
    }
}
