namespace UnpairedSegEngine.Imaging.Pictures;

/// <summary>The image values shown as black and as white.</summary>
public readonly record struct GreyWindow(double Low, double High)
{
    /// <summary>Abdominal soft tissue in Hounsfield units.</summary>
    public static readonly GreyWindow SoftTissue = new(-160, 240);

    // Only Hounsfield units know air this far below zero.
    private const double HounsfieldAir = -500;

    /// <summary>Soft tissue for a CT in Hounsfield units, else from the 1st to the 99.5th percentile.</summary>
    public static GreyWindow For(Volume<float> image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var sorted = image.Voxels.Where(float.IsFinite).Order().ToArray();
        if (sorted.Length == 0)
            return new GreyWindow(0, 1);
        float Percentile(double percent) => sorted[(int)((sorted.Length - 1) * percent / 100)];
        return Percentile(1) < HounsfieldAir
            ? SoftTissue
            : new GreyWindow(Percentile(1), Math.Max(Percentile(99.5), Percentile(1) + 1e-6));
    }

    /// <summary>0 (black) to 255 (white); not-a-number is black.</summary>
    public byte Grey(float value) => value > Low ? (byte)(255 * Math.Min(1, (value - Low) / (High - Low))) : (byte)0;
}
