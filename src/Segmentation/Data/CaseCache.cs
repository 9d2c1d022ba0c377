using System.Runtime.ExceptionServices;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The prepared cases of a run, in memory once: every volume is read, checked, reoriented and resampled a single time.
/// </summary>
public sealed class CaseCache
{
    /// <summary>The default of how much memory the cached cases may take: 4 GiB.</summary>
    public const long DefaultBudgetBytes = 4L << 30;

    private CaseCache(PreparedCase[] cases) => Cases = cases;

    /// <summary>The cases, in the order given.</summary>
    public IReadOnlyList<PreparedCase> Cases { get; }

    /// <summary>Memory held, in bytes.</summary>
    public long Bytes => Cases.Sum(c => c.Bytes);

    /// <summary>Reads and prepares cases.</summary>
    /// <param name="cases">Which.</param>
    /// <param name="dataset">The dataset they are of.</param>
    /// <param name="settings">What the network sees.</param>
    /// <param name="threadCount">Cases read at once; each takes the memory of a few whole volumes meanwhile.</param>
    /// <param name="budgetBytes">How much memory the prepared cases may take.</param>
    /// <exception cref="InvalidDataException">A case is bad (the first bad one in order is named), or the budget does not
    /// suffice.</exception>
    public static CaseCache Load(
        IReadOnlyList<DatasetCase> cases,
        SegmentationDataset dataset,
        PreprocessingSettings settings,
        int threadCount = 1,
        long budgetBytes = DefaultBudgetBytes
    )
    {
        settings.Validate(dataset.Modalities.Count);
        var prepared = new PreparedCase[cases.Count];
        var failures = new ExceptionDispatchInfo?[cases.Count];
        long bytes = 0;
        Parallel.For(
            0,
            cases.Count,
            new ParallelOptions { MaxDegreeOfParallelism = threadCount },
            (i, loop) =>
            {
                try
                {
                    prepared[i] = PreparedCase.Prepare(
                        CaseReader.Read(cases[i], dataset.ClassNames),
                        settings,
                        dataset.ClassNames.Count
                    );
                    CheckBudget(Interlocked.Add(ref bytes, prepared[i].Bytes), budgetBytes, settings.Shape);
                }
                catch (Exception e)
                {
                    // Break, unlike Stop, still runs the cases before this one: which failure is reported does not depend on
                    // timing.
                    failures[i] = ExceptionDispatchInfo.Capture(e);
                    loop.Break();
                }
            }
        );
        failures.FirstOrDefault(f => f is not null)?.Throw();
        return new CaseCache(prepared);
    }

    /// <summary>"35 cases, 1840 slices, 86 MiB".</summary>
    public override string ToString() => $"{Cases.Count} cases, {Cases.Sum(c => c.SliceCount)} slices, {Mebibytes(Bytes)}";

    private static void CheckBudget(long bytes, long budget, SampleShape shape)
    {
        if (bytes > budget)
        {
            throw new InvalidDataException(
                $"the prepared cases exceed the memory budget of {Mebibytes(budget)}: choose slices smaller than "
                    + $"{shape.Height}x{shape.Width}, a coarser data.spacing, or raise data.cache_megabytes"
            );
        }
    }

    private static string Mebibytes(long bytes) => $"{(bytes + (1 << 20) - 1) >> 20} MiB";
}
