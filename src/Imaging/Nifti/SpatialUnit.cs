namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// The unit of length of a header's spacing and transforms: the lower three bits of <c>xyzt_units</c> (nifti1.h).
/// </summary>
public enum SpatialUnit
{
    /// <summary>Not said, or a code that the standard does not know; taken as mm.</summary>
    Unknown = 0,

    /// <summary>1000 mm.</summary>
    Metre = 1,

    /// <summary>The unit of everything in memory and of what is written.</summary>
    Millimetre = 2,

    /// <summary>0.001 mm.</summary>
    Micron = 3,
}

/// <summary>What a unit of length is worth, and how it is stored beside the unit of time.</summary>
public static class SpatialUnits
{
    private const int SpatialBits = 7;

    /// <summary>The unit in <c>xyzt_units</c>; codes that the standard does not know are unknown.</summary>
    public static SpatialUnit Of(int xyztUnits) =>
        (SpatialUnit)(xyztUnits & SpatialBits) is var unit && Enum.IsDefined(unit) ? unit : SpatialUnit.Unknown;

    /// <summary>mm per unit; an unknown one counts as mm, as in ITK and nibabel.</summary>
    public static double Millimetres(this SpatialUnit unit) =>
        unit switch
        {
            SpatialUnit.Metre => 1000,
            SpatialUnit.Micron => 0.001,
            SpatialUnit.Millimetre or SpatialUnit.Unknown => 1,
            _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, "no such unit"),
        };

    /// <summary>"unknown", "metre", "mm" or "micron".</summary>
    public static string Name(this SpatialUnit unit) =>
        unit == SpatialUnit.Millimetre ? "mm" : unit.ToString().ToLowerInvariant();

    /// <summary><c>xyzt_units</c> with mm as the unit of length and the given one's unit of time.</summary>
    internal static int WithMillimetres(int xyztUnits) => (xyztUnits & ~SpatialBits) | (int)SpatialUnit.Millimetre;
}
