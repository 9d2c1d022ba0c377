using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>
/// Opens a folder with one DICOM series by the program dcm2niix (https://github.com/rordenlab/dcm2niix), where that is installed,
/// and holds what it wrote against the description that it wrote beside it.
/// </summary>
internal static class DicomConverter
{
    /// <summary>Names the program where it is not on the path.</summary>
    public const string Variable = "UNPAIREDSEG_DCM2NIIX";

    private const string Program = "dcm2niix";
    private const int MagicStart = 128;

    /// <summary>Files of a folder that are looked into.</summary>
    private const int MostLookedInto = 4;

    /// <summary>Relative difference of spacings and scalings that rounding explains.</summary>
    private const double Tolerance = 0.01;

    private static ReadOnlySpan<byte> Magic => "DICM"u8;

    /// <summary>Whether a folder holds DICOM files, by their content or by the ending .dcm.</summary>
    public static bool IsSeries(string folder) =>
        Directory
            .EnumerateFiles(folder)
            .Where(file => !Path.GetFileName(file).StartsWith('.'))
            .Order(StringComparer.Ordinal)
            .Take(MostLookedInto)
            .Any(IsDicom);

    /// <summary>Converts a series.</summary>
    /// <exception cref="InvalidDataException">The program is missing or fails, the folder has several series, or what it wrote
    /// contradicts its description.</exception>
    public static NiftiImage Open(string folder)
    {
        string program =
            Find()
            ?? throw new InvalidDataException(
                $"'{folder}': is a DICOM series, which needs the program {Program}: install it (apt-get install {Program}), or name "
                    + $"it with {Variable}=/PATH/{Program}"
            );
        DirectoryInfo temporary = Directory.CreateTempSubdirectory("unpairedseg-dicom-");
        try
        {
            string lastLine = Run(program, folder, temporary.FullName);
            string[] volumes = [.. Directory.GetFiles(temporary.FullName, "*.nii*").Order(StringComparer.Ordinal)];
            if (volumes.Length != 1)
                throw new InvalidDataException(
                    volumes.Length == 0
                        ? $"'{folder}': {Program} made no volume of it: {OneLine.Of(lastLine)}"
                        : $"'{folder}': {Program} made {volumes.Length} volumes of it "
                            + $"({string.Join(", ", volumes.Take(4).Select(Path.GetFileName))}): put each series into a folder of its own"
                );
            NiftiImage image = Read(folder, () => NiftiFile.Open(volumes[0]));
            string description = NiftiPaths.Stem(volumes[0]) + ".json";
            using JsonDocument? said = File.Exists(description)
                ? Read(folder, () => JsonFile.Parse(description, distinct: false))
                : null;
            return image.At(folder, Check(folder, image, said?.RootElement));
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    /// <remarks>Names of temporary files say nothing to a person.</remarks>
    private static T Read<T>(string folder, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{folder}': what {Program} made of it cannot be read: {OneLine.Of(e.Message)}", e);
        }
    }

    private static bool IsDicom(string file)
    {
        if (file.EndsWith(".dcm", StringComparison.OrdinalIgnoreCase))
            return true;
        try
        {
            using FileStream stream = InputFile.OpenRead(file);
            Span<byte> magic = stackalloc byte[4];
            stream.Position = MagicStart;
            return stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && magic.SequenceEqual(Magic);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return File.Exists(named) ? named : throw new UsageException($"{Variable}='{named}': no such file");
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(path => new[] { Path.Combine(path, Program), Path.Combine(path, Program + ".exe") })
            .FirstOrDefault(File.Exists);
    }

    /// <returns>The last line that it wrote.</returns>
    private static string Run(string program, string folder, string target)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        // -b: a description beside it, -ba: without the patient's name.
        foreach (string word in (string[])["-b", "y", "-ba", "y", "-z", "y", "-f", "volume", "-o", target, folder])
            start.ArgumentList.Add(word);
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            string[] lines = (output + errors.Result).Split(
                '\n',
                StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries
            );
            return lines.LastOrDefault() ?? $"it ended with {process.ExitCode} and said nothing";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidDataException($"'{program}': cannot be run: {OneLine.Of(e.Message)}", e);
        }
    }

    /// <summary>Holds the volume against its description.</summary>
    /// <returns>Notes for a person.</returns>
    private static List<string> Check(string folder, NiftiImage image, JsonElement? description)
    {
        var notes = new List<string>();
        if (description is not { } root)
        {
            notes.Add($"{Program} wrote no description, so spacing and rescaling were not checked");
            return notes;
        }

        double spacing = image.Geometry.Spacing.Z;
        if (Number("SpacingBetweenSlices") is { } between && Differ(between, spacing))
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{folder}': slices are {spacing:G5} mm apart in the volume, but {between:G5} mm by SpacingBetweenSlices: is a "
                        + $"slice missing?"
                )
            );
        if (Number("SpacingBetweenSlices") is null && Number("SliceThickness") is { } thickness && Differ(thickness, spacing))
            notes.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"slices are {spacing:G5} mm apart and {thickness:G5} mm thick: they overlap, leave gaps, or one is missing"
                )
            );
        bool isCt =
            root.ValueKind == JsonValueKind.Object
            && root.TryGetProperty("Modality", out JsonElement modality)
            && modality.ValueKind == JsonValueKind.String
            && modality.ValueEquals("CT");
        if (isCt)
            CheckHounsfield(folder, image, (Number("RescaleSlope"), Number("RescaleIntercept")), notes);
        return notes;

        double? Number(string key) =>
            root.ValueKind == JsonValueKind.Object
            && root.TryGetProperty(key, out JsonElement value)
            && value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out double number)
                ? number
                : null;
    }

    private static void CheckHounsfield(
        string folder,
        NiftiImage image,
        (double? Slope, double? Intercept) said,
        List<string> notes
    )
    {
        (double slope, double intercept) = image.Header.HasScaling ? (image.Header.SclSlope, image.Header.SclInter) : (1, 0);
        if ((said.Slope is { } s && Differ(s, slope)) || (said.Intercept is { } i && Math.Abs(i - intercept) > Tolerance))
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{folder}': the volume's values are scaled by {slope:G5} and {intercept:G5}, but RescaleSlope and "
                        + $"RescaleIntercept are {said.Slope ?? 1:G5} and {said.Intercept ?? 0:G5}: they are no Hounsfield units"
                )
            );
        double least = double.PositiveInfinity;
        image.ReadScaled(
            (_, block) =>
            {
                foreach (double value in block.Span)
                    least = Math.Min(least, value);
            }
        );
        if (DomainGuess.OfMinimum((float)least) != "CT")
            notes.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"is CT by its description, but its lowest value is {least:G5}: no air, or the rescaling was lost"
                )
            );
    }

    private static bool Differ(double a, double b) => Math.Abs(a - b) > Tolerance * Math.Max(Math.Abs(a), Math.Abs(b));
}
