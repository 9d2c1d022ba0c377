namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// One kernel tap: where it reads, relative to the input position of an output element, and which weights it uses.
/// </summary>
internal readonly record struct Tap(int Depth, int Row, int Column, int Weight);

/// <summary>
/// What forward and data-gradient convolutions have in common: each output element of a regular grid gathers input elements at
/// fixed
/// offsets. output[start + i * outputStep] = sum over taps of input[i * inputStep + tap] * weights[tap].
/// </summary>
internal sealed record GatherProblem
{
    public required int Batch { get; init; }
    public required Size3 Input { get; init; }
    public required int InputChannels { get; init; }
    public required Size3 Output { get; init; }
    public required int OutputChannels { get; init; }

    /// <summary>Elements computed per axis.</summary>
    public required Size3 Count { get; init; }
    public Size3 Start { get; init; } = Size3.Zero;
    public Size3 OutputStep { get; init; } = Size3.One;
    public Size3 InputStep { get; init; } = Size3.One;
    public required Tap[] Taps { get; init; }
    public PaddingMode Padding { get; init; }

    /// <summary>False: weights are (tap, input channel, output channel); true: (tap, output channel, input channel).</summary>
    public bool TransposedWeights { get; init; }

    public static GatherProblem Forward(ConvolutionProblem p) =>
        new()
        {
            Batch = p.Batch,
            Input = p.Input,
            InputChannels = p.InputChannels,
            Output = p.Output,
            OutputChannels = p.OutputChannels,
            Count = p.Output,
            InputStep = p.Stride,
            Padding = p.Padding,
            Taps =
            [
                .. AllTaps(p.Kernel)
                    .Select(t => new Tap(
                        (t.Depth * p.Dilation.Depth) - p.PadBefore.Depth,
                        (t.Row * p.Dilation.Height) - p.PadBefore.Height,
                        (t.Column * p.Dilation.Width) - p.PadBefore.Width,
                        t.Weight
                    )),
            ],
        };

    /// <summary>
    /// The data gradient: per residue of the stride ("phase") a dense gather over the output gradient with the taps that reach
    /// that residue.
    /// A phase without taps yields a problem without taps, whose outputs are zero.
    /// </summary>
    public static IEnumerable<GatherProblem> BackwardData(ConvolutionProblem p)
    {
        foreach (Tap phase in AllTaps(Size3.Map(a => Math.Min(p.Stride[a], p.Input[a]))))
        {
            var start = new Size3(phase.Depth, phase.Row, phase.Column);
            yield return new GatherProblem
            {
                Batch = p.Batch,
                Input = p.Output,
                InputChannels = p.OutputChannels,
                Output = p.Input,
                OutputChannels = p.InputChannels,
                Start = start,
                OutputStep = p.Stride,
                Count = Size3.Map(a => (p.Input[a] - start[a] + p.Stride[a] - 1) / p.Stride[a]),
                TransposedWeights = true,
                Taps =
                [
                    .. AllTaps(p.Kernel)
                        .Select(t =>
                            (
                                Shift: Size3.Map(a =>
                                    start[a] + p.PadBefore[a] - (new Size3(t.Depth, t.Row, t.Column)[a] * p.Dilation[a])
                                ),
                                t.Weight
                            )
                        )
                        .Where(t => IsMultiple(t.Shift, p.Stride))
                        .Select(t => new Tap(
                            t.Shift.Depth / p.Stride.Depth,
                            t.Shift.Height / p.Stride.Height,
                            t.Shift.Width / p.Stride.Width,
                            t.Weight
                        )),
                ],
            };
        }
    }

    public static IEnumerable<Tap> AllTaps(Size3 kernel)
    {
        int weight = 0;
        for (int depth = 0; depth < kernel.Depth; depth++)
        {
            for (int row = 0; row < kernel.Height; row++)
            {
                for (int column = 0; column < kernel.Width; column++)
                    yield return new Tap(depth, row, column, weight++);
            }
        }
    }

    private static bool IsMultiple(Size3 shift, Size3 stride) =>
        shift.Depth % stride.Depth == 0 && shift.Height % stride.Height == 0 && shift.Width % stride.Width == 0;
}
