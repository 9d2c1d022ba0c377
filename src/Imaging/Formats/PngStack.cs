using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Formats;

/// <summary>
/// A folder of PNG files, one for each slice, in the order of the numbers in their names. PNG files know neither spacing nor
/// orientation: the spacing is given, and the slices are taken as a radiologist sees them, axial, the
/// patient's left on the right, the first one nearest to the feet.
/// </summary>
public static partial class PngStack
{
    private const string Pattern = "*.png";

    /// <summary>Whether a folder holds PNG files.</summary>
    public static bool IsIn(string folder) => Directory.Exists(folder) && Files(folder).Length > 0;

    /// <summary>Reads the slices.</summary>
    /// <param name="folder">Files that are no PNG, and hidden ones, are passed over.</param>
    /// <param name="spacing">Width and height of a pixel and distance of slices, mm.</param>
    /// <exception cref="InvalidDataException">A slice is damaged, in colours or of another size.</exception>
    public static NiftiImage Open(string folder, Vector3d spacing)
    {
        string[] files = Files(folder);
        if (files.Length == 0)
            throw new InvalidDataException($"'{folder}': has no PNG files");
        var first = PngSlice.Read(files[0]);
        var geometry = FormatGeometry.Of(
            folder,
            [first.Width, first.Height, files.Length],
            [new(spacing.X, 0, 0), new(0, spacing.Y, 0), new(0, 0, spacing.Z)],
            default,
            FormatGeometry.FromLps,
            ("the spacing", "the origin")
        );
        var voxels = new Volume<ushort>(geometry);
        var bits = 0;
        for (var z = 0; z < files.Length; z++)
        {
            var slice = z == 0 ? first : PngSlice.Read(files[z]);
            if (slice.Width != first.Width || slice.Height != first.Height)
                throw new InvalidDataException(
                    $"'{files[z]}': is {slice.Width}x{slice.Height} pixels, but the first slice {first.Width}x{first.Height}"
                );
            bits = Math.Max(bits, slice.Bits);
            slice.Samples.CopyTo(voxels.Slice(z));
        }

        List<string> notes =
        [
            "PNG slices say nothing of orientation: taken as axial, left on the right, from feet to head",
            .. Gaps(files),
        ];
        return bits > 8
            ? NiftiImage.Of(
                folder,
                geometry,
                NiftiDataType.UInt16,
                MemoryMarshal.AsBytes(voxels.Voxels.AsSpan()).ToArray(),
                notes
            )
            : NiftiImage.Of(folder, geometry, NiftiDataType.UInt8, Array.ConvertAll(voxels.Voxels, v => (byte)v), notes);
    }

    private static string[] Files(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, Pattern, new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive })
                .Where(file => !Path.GetFileName(file).StartsWith('.'))
                .OrderBy(
                    file => Numbers().Replace(Path.GetFileName(file), number => number.Value.PadLeft(20, '0')),
                    StringComparer.Ordinal
                )
                .ThenBy(file => file, StringComparer.Ordinal),
        ];

    /// <summary>A note where a slice seems to be missing.</summary>
    private static IEnumerable<string> Gaps(string[] files)
    {
        long[] numbers =
        [
            .. files
                .Select(file => Numbers().Matches(Path.GetFileNameWithoutExtension(file)).LastOrDefault()?.Value)
                .Where(number => number?.Length is > 0 and < 18)
                .Select(number => long.Parse(number!, CultureInfo.InvariantCulture)),
        ];
        var steps = numbers.Zip(numbers.Skip(1), (a, b) => b - a).ToArray();
        if (numbers.Length == files.Length && steps.Distinct().Count() > 1)
            yield return $"the numbers of its slices do not run evenly, from {numbers[0]} to {numbers[^1]} in {files.Length} files: is one missing?";
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Numbers();
}
