namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Which cases a run learns from, chooses checkpoints by, and is judged on.</summary>
public sealed record DatasetSplit(
    IReadOnlyList<DatasetCase> Train,
    IReadOnlyList<DatasetCase> Validation,
    IReadOnlyList<DatasetCase> Test);
