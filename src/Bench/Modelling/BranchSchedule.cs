using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>
/// When the launches of two branches end that share a GPU. Two at a time that leave room to each other, on multiprocessors and in
/// the memory's rate, take no longer than alone; others take longer by as much as they want too much of the scarcer of the two.
/// </summary>
internal static class BranchSchedule
{
    /// <summary>Milliseconds from the first launch to the end of the last.</summary>
    /// <param name="launches">With the launches that each follows. Those of a branch run one after the other.</param>
    /// <param name="times">Of each launch by itself.</param>
    public static double Milliseconds(IReadOnlyList<KernelLaunch> launches, IReadOnlyList<LaunchTime> times)
    {
        var done = new HashSet<int>();
        Queue<int>[] branches = [Branch(aside: false), Branch(aside: true)];
        double[] left = [.. times.Select(time => time.Milliseconds)];
        double now = 0;
        while (done.Count < launches.Count)
        {
            Queue<int>[] running =
            [
                .. branches.Where(branch => branch.TryPeek(out int next) && launches[next].After.All(done.Contains)),
            ];
            LaunchTime[] together = [.. running.Select(branch => times[branch.Peek()])];
            double slower = Math.Max(1, Math.Max(together.Sum(time => time.Fill), together.Sum(time => time.MemoryShare))),
                step = running.Min(branch => left[branch.Peek()]);
            now += step * slower;
            foreach (Queue<int> branch in running)
            {
                left[branch.Peek()] -= step;
                if (left[branch.Peek()] <= 0)
                    done.Add(branch.Dequeue());
            }
        }

        return now;

        Queue<int> Branch(bool aside) =>
            new(Enumerable.Range(0, launches.Count).Where(number => launches[number].IsAside == aside));
    }
}
