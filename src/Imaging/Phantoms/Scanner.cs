namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// What a scanner makes of a body: partial volume, texture, and for MR a bias field; Gaussian (CT) or Rician (MR) noise.
/// </summary>
internal static class Scanner
{
    private const double TextureKnots = 14;
    private const double BiasKnots = 130;
    private const double BiasStrength = 0.16;
    private const double LeastNoise = 16,
        MostNoise = 30;

    /// <summary>The mean standard deviation of MR noise.</summary>
    public const double UsualNoise = (LeastNoise + MostNoise) / 2;

    public static Volume<short> Acquire(Volume<float> signal, PhantomModality modality, CounterRandom random)
    {
        var geometry = signal.Geometry;
        var blurred = PartialVolume(signal);
        var texture = SmoothField.Create(geometry, TextureKnots, random["texture"]).Voxels;
        var image = new Volume<short>(geometry);
        if (modality == PhantomModality.CT)
        {
            var (noise, real) = (random.Uniform(0, 14, 26), random["noise"]);
            for (var i = 0; i < texture.Length; i++)
                image.Voxels[i] = Rounded(blurred[i] + (9 * texture[i]) + (noise * real.Normal(i)));
        }
        else
        {
            var bias = SmoothField.Create(geometry, BiasKnots, random["bias"]).Voxels;
            var (gain, noise) = (random.Uniform(0, 0.75, 1.35), random.Uniform(1, LeastNoise, MostNoise));
            var (real, imaginary) = (random["noise"], random["imaginary noise"]);
            for (var i = 0; i < texture.Length; i++)
            {
                var magnitude = gain * Math.Exp(BiasStrength * bias[i]) * blurred[i] * (1 + (0.06 * texture[i]));
                image.Voxels[i] = Rounded(double.Hypot(magnitude + (noise * real.Normal(i)), noise * imaginary.Normal(i)));
            }
        }

        return image;
    }

    /// <summary>A [1 2 1]/4 blur along x and y: border voxels hold a part of both tissues.</summary>
    private static float[] PartialVolume(Volume<float> signal)
    {
        var (width, height) = (signal.Geometry.X, signal.Geometry.Y);
        var along = Blur(signal.Voxels, width, 1);
        return Blur(along, height, width);
    }

    private static float[] Blur(float[] values, int size, int stride)
    {
        var result = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var position = i / stride % size;
            var before = position > 0 ? values[i - stride] : values[i];
            var after = position < size - 1 ? values[i + stride] : values[i];
            result[i] = (before + (2 * values[i]) + after) / 4;
        }

        return result;
    }

    private static short Rounded(double value) => (short)Math.Clamp(Math.Round(value), short.MinValue, short.MaxValue);
}
