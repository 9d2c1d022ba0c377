namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// Normalization and leaky ReLU that a convolution applies to its input while it reads it: x * scale + shift, times the slope
/// where that is negative. The default value leaves x as it is.
/// </summary>
/// <param name="scales">By sample and channel.</param>
/// <param name="shifts">By sample and channel.</param>
/// <param name="slope">Below zero.</param>
internal readonly unsafe struct LoadTransform(float* scales, float* shifts, float slope)
{
    public bool IsIdentity => scales is null;

    /// <summary>Transforms a vector of channels at several positions.</summary>
    /// <param name="channelOfSample">sample * channels + channel.</param>
    /// <param name="source">Where each position's channels begin.</param>
    /// <param name="channel">First channel of the vector.</param>
    /// <param name="positions">How many.</param>
    /// <param name="zeros">A source that stands for zero padding, which is not normalized.</param>
    /// <param name="target">Receives the vectors, side by side.</param>
    public void Apply<TVector>(long channelOfSample, float** source, int channel, int positions, float* zeros, float* target)
        where TVector : unmanaged, ISimd<TVector, float>
    {
        TVector scale = TVector.Load(scales + channelOfSample),
            shift = TVector.Load(shifts + channelOfSample);
        TVector zero = TVector.Broadcast(0),
            slopes = TVector.Broadcast(slope);
        for (int i = 0; i < positions; i++, target += TVector.Count)
        {
            TVector value = TVector.MultiplyAdd(TVector.Load(source[i] + channel), scale, shift);
            TVector.Store(source[i] == zeros ? zero : TVector.WhereNotLess(value, zero, value, value * slopes), target);
        }
    }
}
