using System.Globalization;
using System.Text.RegularExpressions;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Benchmarks.Convolutions;

/// <summary>
/// Reads convolutions as <see cref="ConvolutionProblem.ToString"/> writes them; bench/cuda and bench/peers write and read the
/// same.
/// </summary>
public static partial class ConvolutionText
{
    private const string Example = "n16 c3 k16 in1x256x256 kernel1x3x3 stride1x1x1 dilation1x1x1 pad0x1x1/0x1x1 Zero";

    /// <exception cref="UsageException">The text is not a convolution; the message shows one.</exception>
    public static ConvolutionProblem Parse(string text)
    {
        Match match = Form().Match(text);
        if (!match.Success)
            throw new UsageException($"problem '{text}' is not understood; it looks like '{Example}'");
        return Checked(
            new ConvolutionProblem
            {
                Batch = Number(match.Groups["n"].Value),
                InputChannels = Number(match.Groups["c"].Value),
                OutputChannels = Number(match.Groups["k"].Value),
                Input = Size(match, "in"),
                Kernel = Size(match, "kernel"),
                Stride = Size(match, "stride"),
                Dilation = Size(match, "dilation"),
                PadBefore = Size(match, "before"),
                PadAfter = Size(match, "after"),
                Padding = Enum.Parse<PaddingMode>(match.Groups["padding"].Value),
            }
        );
    }

    /// <summary>Lines "name, count, problem" with tabs between them.</summary>
    /// <param name="path">Of the file.</param>
    /// <exception cref="InvalidDataException">A line is not of that form; the message names it.</exception>
    public static IReadOnlyList<(string Layer, int Count, ConvolutionProblem Problem)> ReadFile(string path)
    {
        var layers = new List<(string, int, ConvolutionProblem)>();
        foreach ((int index, string line) in File.ReadLines(path).Index())
        {
            string[] fields = line.Split('\t');
            if (fields.Length != 3 || !int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out int count))
                throw new InvalidDataException($"{path}:{index + 1}: expected name, count and problem with tabs between them");
            try
            {
                layers.Add((fields[0], count, Parse(fields[2])));
            }
            catch (ArgumentException exception)
            {
                throw new InvalidDataException($"{path}:{index + 1}: {exception.Message}", exception);
            }
        }

        return layers;
    }

    /// <summary>What cannot be computed is the writer's mistake here.</summary>
    private static ConvolutionProblem Checked(ConvolutionProblem problem)
    {
        try
        {
            return problem.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static Size3 Size(Match match, string group)
    {
        int[] extents = [.. match.Groups[group].Value.Split('x').Select(Number)];
        return new Size3(extents[0], extents[1], extents[2]);
    }

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^n(?<n>\d{1,9}) c(?<c>\d{1,9}) k(?<k>\d{1,9}) in(?<in>\d{1,9}x\d{1,9}x\d{1,9}) kernel(?<kernel>\d{1,4}x\d{1,4}x\d{1,4}) stride(?<stride>\d{1,4}x\d{1,4}x\d{1,4}) dilation(?<dilation>\d{1,4}x\d{1,4}x\d{1,4}) pad(?<before>\d{1,4}x\d{1,4}x\d{1,4})/(?<after>\d{1,4}x\d{1,4}x\d{1,4}) (?<padding>Zero|Symmetric)$"
    )]
    private static partial Regex Form();
}
