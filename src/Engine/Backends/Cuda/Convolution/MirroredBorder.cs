namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>
/// What symmetric padding adds to a data gradient. The gradient of the padded image is, within the image, the one with zero
/// padding. Around it is a border of padded positions, whose gradients are added to the positions that they mirror. The border is
/// cut into strips, and few taps reach each.
/// </summary>
/// <param name="Strips">The gradient of the border, as parts of that of the padded image.</param>
/// <param name="Plans">Of the strips: all of one family; null where none fits.</param>
/// <param name="Samples">Of the strips: images may lie side by side along the depth.</param>
/// <param name="Complete">Whether every element of the border belongs to a strip; the others are zero.</param>
internal sealed record MirroredBorder(GatherShape[] Strips, GatherPlan?[] Plans, int Samples, bool Complete)
{
    /// <summary>Two boxes per axis are around another one.</summary>
    public const int MostBoxes = 6;

    public static MirroredBorder Of(ConvolutionProblem problem, ConvolutionPrecision precision)
    {
        ConvolutionProblem joined = SideBySide(problem);
        bool complete = true;
        List<GatherShape> strips = [];
        Size3 padded = PaddedSize(joined);
        foreach ((Size3 from, Size3 size) in Shell(padded, joined.PadBefore, joined.PadAfter))
        {
            // An image of its own: all else of the padded image is its padding.
            ConvolutionProblem strip = joined with
            {
                Input = size,
                PadBefore = from,
                PadAfter = Size3.Map(a => padded[a] - from[a] - size[a]),
                Padding = PaddingMode.Zero,
            };
            GatherShape[] shapes = GatherShape.BackwardData(strip, out bool all);
            complete &= all;
            strips.AddRange(
                shapes.Select(shape => shape with { Output = padded, Start = Size3.Map(a => from[a] + shape.Start[a]) })
            );
        }

        GatherPlan?[] plans =
        [
            .. strips.Select(strip => GatherPlan.Choose(strip, GatherFamily.For(precision, problem.InputChannels))),
        ];
        return new MirroredBorder([.. strips], plans, joined.Batch, complete);
    }

    /// <summary>Extents of the padded image.</summary>
    public static Size3 PaddedSize(ConvolutionProblem problem) =>
        Size3.Map(a => problem.PadBefore[a] + problem.Input[a] + problem.PadAfter[a]);

    /// <summary>The positions of the image that have mirror images in the padding, in boxes without overlap.</summary>
    public static IEnumerable<PositionBox> MirroredPositions(ConvolutionProblem problem) =>
        Shell(
                problem.Input,
                problem.PadBefore,
                Size3.Map(a => Math.Min(problem.PadAfter[a], problem.Input[a] - problem.PadBefore[a]))
            )
            .Select(box => new PositionBox { From = box.From, Size = box.Size });

    /// <summary>
    /// A box without its core, in boxes: slabs before and behind the core along an axis, within the core along the axes before.
    /// </summary>
    /// <param name="extent">Of the box.</param>
    /// <param name="low">Positions before the core, along each axis.</param>
    /// <param name="high">Positions behind it.</param>
    private static IEnumerable<(Size3 From, Size3 Size)> Shell(Size3 extent, Size3 low, Size3 high)
    {
        for (int axis = 0; axis < 3; axis++)
        {
            foreach ((int from, int size) in new[] { (0, low[axis]), (extent[axis] - high[axis], high[axis]) })
            {
                int across = axis;
                Size3 start = Size3.Map(a =>
                        a < across ? low[a]
                        : a == across ? from
                        : 0
                    ),
                    count = Size3.Map(a =>
                        a < across ? extent[a] - low[a] - high[a]
                        : a == across ? size
                        : extent[a]
                    );
                if (count.Count > 0)
                    yield return (start, count);
            }
        }
    }

    /// <summary>
    /// Planar images as slices of one volume, so that tiles of a narrow strip are filled by several samples. Offsets within a
    /// sample have 32 bits.
    /// </summary>
    private static ConvolutionProblem SideBySide(ConvolutionProblem problem)
    {
        bool planar = PaddedSize(problem).Depth == 1 && problem.Kernel.Depth == 1;
        long padded = (long)problem.Batch * PaddedSize(problem).Count * problem.InputChannels;
        return planar && Math.Max(padded, problem.OutputShape.Count) <= int.MaxValue
            ? problem with
            {
                Batch = 1,
                Input = problem.Input with { Depth = problem.Batch },
                Stride = problem.Stride with { Depth = 1 },
            }
            : problem;
    }
}
