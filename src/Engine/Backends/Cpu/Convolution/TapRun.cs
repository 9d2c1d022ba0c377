namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// Taps of one kernel row whose columns are neighbours: with channels last their inputs are one contiguous run, so they form
/// a single segment of a micro-kernel.
/// </summary>
internal sealed record TapRun(Tap First, int[] Weights)
{
    public int Length => Weights.Length;

    /// <summary>Merges neighbouring taps; all runs have the same length, since taps are a product of three axes.</summary>
    public static TapRun[] Merge(IEnumerable<Tap> taps)
    {
        var runs = new List<TapRun>();
        foreach (IGrouping<(int, int), Tap> kernelRow in taps.GroupBy(t => (t.Depth, t.Row)))
        {
            Tap[] sorted = [.. kernelRow.OrderBy(t => t.Column)];
            bool neighbours = sorted.Zip(sorted.Skip(1), (a, b) => b.Column - a.Column).All(distance => distance == 1);
            if (neighbours)
                runs.Add(new TapRun(sorted[0], [.. sorted.Select(t => t.Weight)]));
            else
                runs.AddRange(sorted.Select(t => new TapRun(t, [t.Weight])));
        }

        return [.. runs];
    }
}
