namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>Taps that form 3x3 kernels, one per depth offset, all dilated alike.</summary>
internal sealed class Kernel3x3
{
    private readonly int[] packedIndex;

    private Kernel3x3(int[] depths, (int Row, int Column) first, (int Row, int Column) dilation, int[] packedIndex) =>
        (Depths, First, Dilation, this.packedIndex) = (depths, first, dilation, packedIndex);

    /// <summary>Offsets along the depth, ascending.</summary>
    public int[] Depths { get; }

    /// <summary>The first tap.</summary>
    public (int Row, int Column) First { get; }

    /// <summary>Distance of neighbouring taps.</summary>
    public (int Row, int Column) Dilation { get; }

    /// <summary>The kernels that taps form; null if they form none.</summary>
    public static Kernel3x3? Of(Tap[] taps)
    {
        int[] depths = [.. taps.Select(t => t.Depth).Distinct().Order()],
            rows = [.. taps.Select(t => t.Row).Distinct().Order()],
            columns = [.. taps.Select(t => t.Column).Distinct().Order()];
        if (
            rows.Length != 3
            || columns.Length != 3
            || taps.Length != 9 * depths.Length
            || rows[2] - rows[1] != rows[1] - rows[0]
            || columns[2] - columns[1] != columns[1] - columns[0]
        )
            return null;

        // In the order in which weights are packed: run by run, and within a run by column.
        (int Depth, int Row, int Column)[] packed =
        [
            .. TapRun
                .Merge(taps)
                .SelectMany(run =>
                    Enumerable.Range(0, run.Length).Select(i => (run.First.Depth, run.First.Row, run.First.Column + i))
                ),
        ];
        int[] index =
        [
            .. from depth in depths from row in rows from column in columns select Array.IndexOf(packed, (depth, row, column)),
        ];
        return index.Contains(-1)
            ? null
            : new Kernel3x3(depths, (rows[0], columns[0]), (rows[1] - rows[0], columns[1] - columns[0]), index);
    }

    /// <summary>Where a tap stands among the packed weights.</summary>
    /// <param name="depth">Number of its depth offset.</param>
    /// <param name="tap">Row times 3 plus column.</param>
    public int PackedIndex(int depth, int tap) => packedIndex[(9 * depth) + tap];
}
