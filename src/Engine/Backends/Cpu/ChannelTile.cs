using System.Numerics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// Per-channel numbers repeated so that they fill whole vectors, whatever the number of channels: channels-last data then streams
/// through vectors
/// as one flat array whose coefficients recur every <see cref="Period"/> elements.
/// </summary>
internal readonly unsafe struct ChannelTile
{
    // Several vectors per period: an accumulator is then touched again only after the others, which hides the latency of
    // additions.
    private const int ShortestPeriod = 64;

    public ChannelTile(int channels, int lanes)
    {
        Channels = channels;
        int period = channels;
        while (period % lanes != 0 || period < ShortestPeriod)
            period += channels;
        Period = period;
    }

    public int Channels { get; }

    public int Period { get; }

    /// <summary>Repeats one value per channel over a period.</summary>
    public void Fill<T>(T* tile, ReadOnlySpan<double> ofChannel)
        where T : unmanaged, INumber<T>
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            T value = T.CreateTruncating(ofChannel[channel]);
            for (int i = channel; i < Period; i += Channels)
                tile[i] = value;
        }
    }

    /// <summary>Adds an accumulator's elements up by channel.</summary>
    public void Fold<T>(T* accumulator, double* sums)
        where T : unmanaged, INumber<T>
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            double sum = 0;
            for (int i = channel; i < Period; i += Channels)
                sum += double.CreateTruncating(accumulator[i]);
            sums[channel] = sum;
        }
    }
}
