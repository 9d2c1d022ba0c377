namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>A case that could not be read, so that no score counts it.</summary>
/// <param name="Id">Name of the case.</param>
/// <param name="Reason">One line for a person.</param>
public sealed record FailedCase(string Id, string Reason);
