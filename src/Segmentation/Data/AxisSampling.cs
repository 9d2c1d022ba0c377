namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Which two source positions each target position along one axis lies between, pixel areas aligned at the centre of the axis.
/// </summary>
internal sealed class AxisSampling
{
    /// <param name="count">Target positions.</param>
    /// <param name="sourceCount">Source positions.</param>
    /// <param name="ratio">Source positions per target position.</param>
    public AxisSampling(int count, int sourceCount, double ratio)
    {
        Before = new int[count];
        After = new int[count];
        Fraction = new float[count];
        Inside = new bool[count];
        for (int target = 0; target < count; target++)
        {
            double source = ((target + 0.5 - (count * 0.5)) * ratio) + (sourceCount * 0.5) - 0.5;
            // Rounding of the ratio must not move a position that lies on a source position, or half way, to another one.
            source = Math.Round(source, 6);
            double before = Math.Floor(source);
            Before[target] = Math.Clamp((int)before, 0, sourceCount - 1);
            After[target] = Math.Clamp((int)before + 1, 0, sourceCount - 1);
            Fraction[target] = (float)(source - before);
            Inside[target] = source >= -0.5 && source <= sourceCount - 0.5;
        }
    }

    /// <summary>The source position at or before each target position, kept inside the source.</summary>
    public int[] Before { get; }

    /// <summary>The one after it, kept inside the source.</summary>
    public int[] After { get; }

    /// <summary>How far each target position lies from <see cref="Before"/> towards <see cref="After"/>.</summary>
    public float[] Fraction { get; }

    /// <summary>Whether the target position lies on the source's area.</summary>
    public bool[] Inside { get; }

    /// <summary>Whether every target position is a source position.</summary>
    public bool IsExact => Inside.All(inside => inside) && Fraction.All(fraction => fraction == 0);

    /// <summary>The source position nearest to a target position; the later one of two.</summary>
    public int Nearest(int target) => Fraction[target] < 0.5f ? Before[target] : After[target];

    /// <summary>How many target positions there are.</summary>
    public int Count => Before.Length;
}
