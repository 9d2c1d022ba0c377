namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>How bad a finding is.</summary>
internal enum Severity
{
    /// <summary>Training or evaluation would refuse the data.</summary>
    Error,

    /// <summary>It would go through, and may spoil the result.</summary>
    Warning,
}

/// <summary>Something that is wrong or odd in a dataset or a run.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Case">The case that it is of; null where it is of no single one.</param>
/// <param name="Message">In one line, with the file and what to do.</param>
internal sealed record Finding(Severity Severity, string? Case, string Message)
{
    public static Finding Error(string message, string? ofCase = null) => new(Severity.Error, ofCase, message);

    public static Finding Warning(string message, string? ofCase = null) => new(Severity.Warning, ofCase, message);
}
