namespace UnpairedSegEngine.Runs.Progress;

/// <summary>How much of the progress is shown, and how.</summary>
public enum ProgressStyle
{
    /// <summary>Tables on a terminal, lines elsewhere.</summary>
    Automatic,

    /// <summary>Lines even on a terminal.</summary>
    Plain,

    /// <summary>Warnings and the like only.</summary>
    Quiet,
}
