using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>
/// Proposals in the place of those of EdgeBoxes (Zitnick and Dollar 2014): windows of several sizes, or for generated images
/// boxes that are objects' own with moved corners, and random ones. A score is the edges within a box without those of its
/// middle, by its perimeter to the power 1.5, and 1 for the image's best. It knows no class and no object.
/// </summary>
internal sealed class EdgeProposals
{
    private const int OfEachObject = 4;

    /// <summary>Share of an object's side by which a corner is moved at most.</summary>
    private const float Jitter = 0.2f;

    /// <summary>Smaller differences of bytes are no edges: nearly three deviations of those that the noise of scenes
    /// makes.</summary>
    private const int Noise = 40;

    private const float Smallest = 12,
        Largest = 60;

    /// <summary>Heights and widths of windows, as shares of the image's lesser side.</summary>
    private static readonly double[] WindowSides = [1.0 / 8, 3.0 / 16, 1.0 / 4, 3.0 / 8, 1.0 / 2, 3.0 / 4, 1];

    /// <summary>From one window to the next, as a share of its side.</summary>
    private const double WindowStride = 0.25;

    /// <summary>Windows whose sides differ by more than this factor are left out.</summary>
    private const double LongestWindow = 2;

    /// <summary>Of windows that overlap more, the best one stays.</summary>
    private const double MostOverlap = 0.5;

    /// <summary>
    /// Powers of the perimeter that edges are divided by: that of EdgeBoxes, and one that prefers no windows smaller than
    /// objects, as the other does where a middle is as rich in edges as a rim.
    /// </summary>
    private const double PowerOfBoxes = 1.5,
        PowerOfWindows = 1;

    private readonly ImageShape shape;
    private readonly double[,] edges; // summed over all rows above and columns to the left

    /// <param name="shape">Of the image.</param>
    /// <param name="pixels">(height, width, channels).</param>
    public EdgeProposals(ImageShape shape, ReadOnlySpan<byte> pixels)
    {
        this.shape = shape;
        edges = new double[shape.Height + 1, shape.Width + 1];
        for (int y = 0; y < shape.Height; y++)
        {
            for (int x = 0; x < shape.Width; x++)
                edges[y + 1, x + 1] = Edge(pixels, y, x) + edges[y, x + 1] + edges[y + 1, x] - edges[y, x];
        }
    }

    /// <summary>Proposals, the best first.</summary>
    /// <param name="count">At least as many as objects have of their own.</param>
    /// <param name="objects">Places of objects.</param>
    /// <param name="stream">Decides.</param>
    public IReadOnlyList<BoxProposal> Make(int count, IReadOnlyList<ImageBox> objects, ref PhiloxStream stream)
    {
        var boxes = new List<ImageBox>(count);
        foreach (ImageBox known in objects)
        {
            for (int i = 0; i < OfEachObject; i++)
                boxes.Add(Moved(known, ref stream));
        }

        while (boxes.Count < count)
            boxes.Add(Random(ref stream));
        return Scored(boxes, PowerOfBoxes);
    }

    /// <summary>Windows of the image, the best first: nobody has to know where objects are.</summary>
    /// <param name="most">As many, or fewer where others would be nearly the same.</param>
    public IReadOnlyList<BoxProposal> Search(int most)
    {
        var found = new List<BoxProposal>();
        foreach (BoxProposal window in Scored(Windows(), PowerOfWindows))
        {
            if (found.Count == most)
                break;
            if (found.All(better => better.Box.Overlap(window.Box) <= MostOverlap))
                found.Add(window);
        }

        return found;
    }

    private IReadOnlyList<ImageBox> Windows()
    {
        int least = Math.Min(shape.Height, shape.Width);
        int[] sides = [.. WindowSides.Select(share => Math.Max(1, (int)(share * least))).Distinct()];
        return
        [
            .. from height in sides
            from width in sides
            where Math.Max(height, width) <= LongestWindow * Math.Min(height, width)
            from y in Starts(height, shape.Height)
            from x in Starts(width, shape.Width)
            select new ImageBox(x, y, x + width - 1, y + height - 1),
        ];

        static IEnumerable<int> Starts(int side, int extent)
        {
            int stride = Math.Max(1, (int)(WindowStride * side));
            return Enumerable.Range(0, ((extent - side) / stride) + 1).Select(i => i * stride);
        }
    }

    private IReadOnlyList<BoxProposal> Scored(IReadOnlyList<ImageBox> boxes, double power)
    {
        double[] scores = [.. boxes.Select(box => Score(box, power))];
        double best = scores.Max();
        return
        [
            .. boxes
                .Zip(scores, (box, score) => new BoxProposal(box, best > 0 ? (float)(score / best) : 1))
                .OrderByDescending(proposal => proposal.Score),
        ];
    }

    private ImageBox Moved(ImageBox box, ref PhiloxStream stream)
    {
        float width = box.X2 - box.X1 + 1,
            height = box.Y2 - box.Y1 + 1;
        return Within(
            box.X1 + Move(width, ref stream),
            box.Y1 + Move(height, ref stream),
            box.X2 + Move(width, ref stream),
            box.Y2 + Move(height, ref stream)
        );

        static float Move(float side, ref PhiloxStream stream) => stream.NextUniform(-Jitter * side, Jitter * side);
    }

    private ImageBox Random(ref PhiloxStream stream)
    {
        float width = stream.NextUniform(Smallest, Largest),
            height = stream.NextUniform(Smallest, Largest),
            x = stream.NextUniform(0, shape.Width - width),
            y = stream.NextUniform(0, shape.Height - height);
        return Within(x, y, x + width - 1, y + height - 1);
    }

    /// <summary>Whole pixels of the image, at least one.</summary>
    private ImageBox Within(float x1, float y1, float x2, float y2)
    {
        float left = Math.Clamp(MathF.Round(x1), 0, shape.Width - 1),
            top = Math.Clamp(MathF.Round(y1), 0, shape.Height - 1);
        return new ImageBox(
            left,
            top,
            Math.Clamp(MathF.Round(x2), left, shape.Width - 1),
            Math.Clamp(MathF.Round(y2), top, shape.Height - 1)
        );
    }

    private double Score(ImageBox box, double power)
    {
        (int x1, int y1, int x2, int y2) = ((int)box.X1, (int)box.Y1, (int)box.X2 + 1, (int)box.Y2 + 1);
        (int width, int height) = (x2 - x1, y2 - y1);
        double rim = Sum(x1, y1, x2, y2) - Sum(x1 + (width / 4), y1 + (height / 4), x2 - (width / 4), y2 - (height / 4));
        return Math.Max(rim, 0) / Math.Pow(2 * (width + height), power);
    }

    private double Sum(int x1, int y1, int x2, int y2) => edges[y2, x2] - edges[y1, x2] - edges[y2, x1] + edges[y1, x1];

    /// <summary>Differences to the pixels on the right and below, as far as they stand out of the noise.</summary>
    private double Edge(ReadOnlySpan<byte> pixels, int y, int x)
    {
        double sum = 0;
        for (int c = 0; c < shape.Channels; c++)
        {
            int here = (((y * shape.Width) + x) * shape.Channels) + c;
            if (x + 1 < shape.Width)
                sum += Math.Max(Math.Abs(pixels[here + shape.Channels] - pixels[here]) - Noise, 0);
            if (y + 1 < shape.Height)
                sum += Math.Max(Math.Abs(pixels[here + (shape.Width * shape.Channels)] - pixels[here]) - Noise, 0);
        }

        return sum;
    }
}
