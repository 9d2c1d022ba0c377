using System.Runtime.InteropServices;
using System.Security.Cryptography;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging;

/// <summary>
/// Extremes, mean and hash of an image's scaled values, taken block by block: float64 of a large volume need not fit into memory.
/// </summary>
/// <param name="Minimum">Smallest finite value; null where none is finite.</param>
/// <param name="Maximum">Largest finite value.</param>
/// <param name="Mean">Mean of the finite values.</param>
/// <param name="NonFinite">Values that are infinite or not a number.</param>
/// <param name="Sha256">Of the values as float64, little-endian.</param>
internal sealed record ValueStatistics(double? Minimum, double? Maximum, double? Mean, int NonFinite, string Sha256)
{
    public static ValueStatistics Of(NiftiImage image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        double minimum = double.PositiveInfinity,
            maximum = double.NegativeInfinity,
            sum = 0;
        int finite = 0,
            nonFinite = 0;
        image.ReadScaled(
            (_, block) =>
            {
                hash.AppendData(MemoryMarshal.AsBytes(block.Span));
                foreach (var value in block.Span)
                {
                    if (!double.IsFinite(value))
                    {
                        nonFinite++;
                        continue;
                    }

                    finite++;
                    sum += value;
                    (minimum, maximum) = (Math.Min(minimum, value), Math.Max(maximum, value));
                }
            }
        );
        var sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
        return finite > 0 ? new(minimum, maximum, sum / finite, nonFinite, sha256) : new(null, null, null, nonFinite, sha256);
    }
}
