namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// Brings weights into the order in which a micro-kernel reads them: panel, run, tap, input channel, then the panel's channels
/// side by side.
/// </summary>
internal static unsafe class PanelPacking
{
    public static void PackPanel<T>(GatherProblem problem, TapRun[] runs, WeightPanel panel, T* weights, T* packed)
        where T : unmanaged => PackPanel(problem, runs, panel, ..problem.InputChannels, weights, packed);

    /// <summary>The same of some input channels.</summary>
    public static void PackPanel<T>(GatherProblem problem, TapRun[] runs, WeightPanel panel, Range inputs, T* weights, T* packed)
        where T : unmanaged
    {
        (int first, int count) = (inputs.Start.Value, inputs.End.Value - inputs.Start.Value);
        T* target = packed + panel.Offset;
        foreach (TapRun run in runs)
        {
            foreach (int tap in run.Weights)
            {
                T* source = weights + ((long)tap * problem.InputChannels * problem.OutputChannels);
                if (problem.TransposedWeights)
                    PackTransposed(problem, panel, source + first, count, target);
                else
                    PackColumns(source + ((long)first * problem.OutputChannels), count, problem.OutputChannels, panel, target);
                target += (long)count * panel.Width;
            }
        }
    }

    /// <summary>A panel's columns of a matrix, row by row; zero behind the last real one.</summary>
    public static void PackColumns<T>(T* matrix, long rows, int columns, WeightPanel panel, T* target)
        where T : unmanaged
    {
        matrix += panel.FirstChannel;
        for (long row = 0; row < rows; row++)
        {
            new ReadOnlySpan<T>(matrix, panel.Channels).CopyTo(new Span<T>(target, panel.Channels));
            if (!panel.IsFull)
                new Span<T>(target + panel.Channels, panel.Width - panel.Channels).Clear();
            matrix += columns;
            target += panel.Width;
        }
    }

    private static void PackTransposed<T>(GatherProblem problem, WeightPanel panel, T* source, int inputs, T* target)
        where T : unmanaged
    {
        if (!panel.IsFull)
            new Span<T>(target, inputs * panel.Width).Clear();
        Transposition.Run(
            source + ((long)panel.FirstChannel * problem.InputChannels),
            panel.Channels,
            inputs,
            problem.InputChannels,
            target,
            panel.Width
        );
    }
}
