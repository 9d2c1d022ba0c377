using UnpairedSegEngine.Classification.Data;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>What is on an image, and where.</summary>
/// <param name="Scores">Probabilities, by class.</param>
/// <param name="Best">The place that shows each class best, and how much of its probability is due to it.</param>
public sealed record ImageFindings(float[] Scores, IReadOnlyList<BoxProposal> Best);
