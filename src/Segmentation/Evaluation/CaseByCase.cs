namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>Collects the scores of case after case; a case that cannot be read does not stop the others.</summary>
public sealed class CaseByCase
{
    private readonly List<CaseResult> results = [];
    private readonly List<FailedCase> failed = [];

    /// <summary>Scores one case.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="score">Reads and scores it.</param>
    public void Add(string id, Func<CaseResult> score)
    {
        try
        {
            results.Add(score());
        }
        catch (Exception e) when (IsBadData(e))
        {
            failed.Add(new FailedCase(id, e.Message));
        }
    }

    /// <summary>The report over the cases that were scored, with the names of the others.</summary>
    /// <exception cref="InvalidDataException">None was scored.</exception>
    public EvaluationReport Report(IReadOnlyList<string> organs, double? tolerance) =>
        results.Count > 0
            ? new EvaluationReport(results, organs, tolerance) { Failed = failed }
            : throw new InvalidDataException(
                failed.Count == 1
                    ? failed[0].Reason
                    : $"none of {failed.Count} cases can be scored; the first: {failed[0].Reason}"
            );

    /// <summary>Whether a file is to blame and not the program or the machine.</summary>
    public static bool IsBadData(Exception exception) =>
        exception is InvalidDataException or IOException or UnauthorizedAccessException;

    /// <summary>Null where a file is bad.</summary>
    internal static T? TryRead<T>(Func<T> read)
        where T : struct
    {
        try
        {
            return read();
        }
        catch (Exception e) when (IsBadData(e))
        {
            return null;
        }
    }
}
