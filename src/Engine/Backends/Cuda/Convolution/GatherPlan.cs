using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>Which grid positions one gather covers, and what it reads for them (see GatherParameters).</summary>
internal sealed record GatherShape
{
    public required int Channels { get; init; }
    public required int Outputs { get; init; }
    public required Size3 Input { get; init; }
    public required Size3 Output { get; init; }

    /// <summary>Positions of the grid.</summary>
    public required Size3 Count { get; init; }
    public Size3 Start { get; init; } = Size3.Zero;
    public Size3 OutputStep { get; init; } = Size3.One;
    public Size3 InputStep { get; init; } = Size3.One;
    public required Size3 Taps { get; init; }
    public required Size3 TapBase { get; init; }
    public required Size3 TapStep { get; init; }
    public Size3 WeightBase { get; init; } = Size3.Zero;
    public Size3 WeightStep { get; init; } = Size3.One;

    /// <summary>y[i] = sum over t of x[i * stride + t * dilation - pad] w[t].</summary>
    public static GatherShape Forward(ConvolutionProblem p) =>
        new()
        {
            Channels = p.InputChannels,
            Outputs = p.OutputChannels,
            Input = p.Input,
            Output = p.Output,
            Count = p.Output,
            InputStep = p.Stride,
            Taps = p.Kernel,
            TapBase = Size3.Map(a => -p.PadBefore[a]),
            TapStep = p.Dilation,
        };

    /// <summary>
    /// The data gradient of a convolution with zero padding, one shape per residue of the stride that has taps. Along each axis,
    /// the taps that reach a residue are every n-th one of those that read anything within the output gradient, and read it at
    /// evenly spaced places.
    /// </summary>
    /// <param name="complete">Whether every element of the gradient belongs to a shape; the others are zero.</param>
    public static GatherShape[] BackwardData(ConvolutionProblem p, out bool complete)
    {
        List<GatherShape> shapes = [];
        complete = true;
        for (int residue = 0; residue < p.Stride.Count; residue++)
        {
            int phase = residue;
            var start = new Size3(
                phase / (p.Stride.Height * p.Stride.Width),
                phase / p.Stride.Width % p.Stride.Height,
                phase % p.Stride.Width
            );
            if (start.Depth >= p.Input.Depth || start.Height >= p.Input.Height || start.Width >= p.Input.Width)
                continue;
            Size3 count = Size3.Map(a => PositionTiles.Divide(p.Input[a] - start[a], p.Stride[a]));
            int[][] reaching = [.. Enumerable.Range(0, 3).Select(a => TapsThatReach(p, a, start[a], count[a]))];
            if (reaching.Any(taps => taps.Length == 0))
            {
                complete = false;
                continue;
            }

            Size3 spacing = Size3.Map(a => reaching[a].Length > 1 ? reaching[a][1] - reaching[a][0] : 1);
            shapes.Add(
                new GatherShape
                {
                    Channels = p.OutputChannels,
                    Outputs = p.InputChannels,
                    Input = p.Output,
                    Output = p.Input,
                    Count = count,
                    Start = start,
                    OutputStep = p.Stride,
                    Taps = Size3.Map(a => reaching[a].Length),
                    TapBase = Size3.Map(a => (start[a] + p.PadBefore[a] - (reaching[a][0] * p.Dilation[a])) / p.Stride[a]),
                    TapStep = Size3.Map(a => reaching[a].Length > 1 ? -spacing[a] * p.Dilation[a] / p.Stride[a] : 1),
                    WeightBase = Size3.Map(a => reaching[a][0]),
                    WeightStep = spacing,
                }
            );
        }

        return [.. shapes];
    }

    /// <summary>Of an axis: those that have an output for one of the residue's positions.</summary>
    private static int[] TapsThatReach(ConvolutionProblem p, int axis, int start, int count)
    {
        return [.. Enumerable.Range(0, p.Kernel[axis]).Where(Reaches)];

        bool Reaches(int tap)
        {
            (int first, int rest) = Math.DivRem(start + p.PadBefore[axis] - (tap * p.Dilation[axis]), p.Stride[axis]);
            return rest == 0 && first < p.Output[axis] && first + count > 0;
        }
    }
}

/// <summary>The tile of a gather's blocks, chosen by shape alone.</summary>
/// <param name="Family">The kernel.</param>
/// <param name="Tile">Grid positions per block.</param>
/// <param name="Tiles">Blocks per axis.</param>
/// <param name="Halo">Input positions that a tile reads.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block.</param>
internal sealed record GatherPlan(GatherFamily Family, Size3 Tile, Size3 Tiles, Size3 Halo, int SharedBytes)
{
    /// <summary>What loading one halo position costs, in products of one position with all taps.</summary>
    private const int LoadCost = 2;

    /// <summary>The fastest family's cheapest tile, or null if no halo fits into shared memory.</summary>
    /// <param name="shape">What to compute.</param>
    /// <param name="precision">Of the products.</param>
    /// <param name="warpgroups">Whether the device has Hopper's instructions.</param>
    public static GatherPlan? Choose(GatherShape shape, ConvolutionPrecision precision, bool warpgroups)
    {
        // Hopper's kernels compute whole patches of 8x8 positions. They are worth it up to three for two that exist, and half a
        // tile.
        if (
            warpgroups
            && GatherFamily.ForWarpgroups(precision, shape) is { } family
            && Choose(shape, family) is { } plan
            && 2L * plan.Tiles.Count * family.Positions <= (3L * shape.Count.Count) + family.Positions
        )
            return plan;
        return Choose(shape, GatherFamily.For(precision, shape.Outputs).ForChannels(shape.Channels));
    }

    /// <summary>
    /// A block per tile; Hopper's have a multiprocessor each, work in clusters, and stay for all tiles that come their way.
    /// </summary>
    public LaunchGeometry Geometry(int outputTiles, int samples, int multiprocessors)
    {
        if (!Family.Warpgroups)
            return new LaunchGeometry(Tiles.Count, outputTiles, samples, Family.Threads, SharedBytes);
        int clusters = Math.Clamp(
            multiprocessors / GatherFamily.ClusterBlocks,
            1,
            PositionTiles.Divide(Tiles.Count * samples, GatherFamily.ClusterBlocks) * outputTiles
        );
        return new LaunchGeometry(GatherFamily.ClusterBlocks * clusters, 1, 1, Family.Threads, SharedBytes);
    }

    /// <summary>The positions of the input's operand that the blocks would copy; null where they cannot.</summary>
    /// <param name="shape">What the plan was chosen for.</param>
    public OperandBox? OperandOf(GatherShape shape) =>
        Family.TakesOperand
            ? OperandBox.OfTiles(
                Size3.Map(a => shape.TapBase[a] + Math.Min(0, shape.TapStep[a] * (shape.Taps[a] - 1))),
                Tiles,
                Size3.Map(a => Tile[a] * shape.InputStep[a]),
                Halo
            )
            : null;

    /// <summary>A family's cheapest tile, or null if no halo fits into shared memory.</summary>
    public static GatherPlan? Choose(GatherShape shape, GatherFamily family)
    {
        GatherPlan? best = null;
        long bestCost = long.MaxValue;
        int chunk = family.Chunk(shape.Channels),
            taps = shape.Taps.Count;
        foreach (
            Size3 tile in PositionTiles.Candidates(shape.Count, family.Positions, family.Warpgroups ? Size3.Planar(8) : Size3.One)
        )
        {
            Size3 halo = PositionTiles.HaloOf(tile, shape.InputStep, shape.Taps, shape.TapStep);
            long halos = (long)halo.Depth * halo.Height * halo.Width;
            if (halos > family.SharedLimit)
                continue;
            int sharedBytes = family.SharedBytes(chunk, (int)halos, taps);
            if (sharedBytes > family.SharedLimit)
                continue;
            Size3 tiles = PositionTiles.Count(shape.Count, tile);
            long cost = tiles.Count * (((long)family.Positions * taps) + (LoadCost * halos));
            if (cost >= bestCost)
                continue;
            (best, bestCost) = (new GatherPlan(family, tile, tiles, halo, sharedBytes), cost);
        }

        return best;
    }
}
