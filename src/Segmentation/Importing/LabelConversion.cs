using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>Label files as label maps of the new dataset's classes.</summary>
internal static class LabelConversion
{
    private const int MostNamed = 8;

    /// <summary>The values in a label file, in order.</summary>
    /// <exception cref="InvalidDataException">One is no whole number from 0 to 65535.</exception>
    public static IReadOnlyList<int> ValuesIn(NiftiImage label)
    {
        var values = new SortedSet<int>();
        Read(label, (_, value) => values.Add(value));
        return [.. values];
    }

    /// <summary>The label map with other values.</summary>
    /// <param name="label">As read.</param>
    /// <param name="table">What its values become.</param>
    /// <param name="restIsBackground">Whether other values become 0.</param>
    /// <param name="isSame">Whether every value became itself.</param>
    /// <exception cref="InvalidDataException">A value becomes nothing, or is no label.</exception>
    public static Volume<byte> Convert(
        NiftiImage label,
        IReadOnlyDictionary<int, byte> table,
        bool restIsBackground,
        out bool isSame
    )
    {
        var unknown = new SortedDictionary<int, long>();
        var map = new Volume<byte>(label.Geometry);
        bool areSame = true;
        Read(
            label,
            (index, value) =>
            {
                if (!table.TryGetValue(value, out byte target) && !restIsBackground)
                    unknown[value] = unknown.GetValueOrDefault(value) + 1;
                areSame &= target == value;
                map.Voxels[index] = target;
            }
        );
        isSame = areSame;
        return unknown.Count == 0
            ? map
            : throw new InvalidDataException(
                $"'{label.Path}': has the values {string.Join(", ", unknown.Take(MostNamed).Select(v => $"{v.Key} ({v.Value} voxels)"))}"
                    + $"{(unknown.Count > MostNamed ? ", ..." : "")}, which are no class; name them (--classes NAME=VALUE,...), or let "
                    + "them become background with --rest-is-background"
            );
    }

    private static void Read(NiftiImage label, Action<int, int> take) =>
        label.ReadScaled(
            (first, block) =>
            {
                foreach (double value in block.Span)
                {
                    if (!(value >= 0 && value <= ushort.MaxValue && Math.Floor(value) == value))
                        throw new InvalidDataException(
                            FormattableString.Invariant(
                                $"'{label.Path}': holds the value {value:G5}, expected labels: whole numbers from 0 to {ushort.MaxValue}"
                            )
                        );
                    take(first++, (int)value);
                }
            }
        );
}
