using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Size of the network's voxels in mm as "x,y,z" (left-right, front-back, feet-head). 0 in plane fits whole slices into samples;
/// 0 across slices keeps each volume's own.
/// </summary>
/// <param name="X">Left-right, mm.</param>
/// <param name="Y">Front-back, mm.</param>
/// <param name="Z">Feet-head, mm.</param>
public readonly record struct VoxelSpacing(double X, double Y, double Z) : IParsable<VoxelSpacing>
{
    private const double Largest = 100;

    /// <summary>Whether slices are resampled to a spacing instead of being fitted.</summary>
    public bool IsGivenInPlane => X > 0;

    /// <summary>Reads "3,3,5", with a point for decimals whatever the provider says.</summary>
    /// <exception cref="FormatException">Where <see cref="TryParse"/> is false.</exception>
    public static VoxelSpacing Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out VoxelSpacing result) ? result : throw new FormatException($"'{s}' is no spacing such as 3,3,5");

    /// <summary>Whether a text is three numbers from 0 to 100 with commas between, the first two both 0 or neither.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out VoxelSpacing result)
    {
        double[] sides =
        [
            .. (s ?? "")
                .Split(',', 4)
                .Select(n => double.TryParse(n, NumberStyles.Float, CultureInfo.InvariantCulture, out double v) ? v : double.NaN),
        ];
        result = sides.Length == 3 ? new VoxelSpacing(sides[0], sides[1], sides[2]) : default;
        return sides.Length == 3 && sides.All(side => side is >= 0 and <= Largest) && (result.X > 0) == (result.Y > 0);
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{X},{Y},{Z}");
}
