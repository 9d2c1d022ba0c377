namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Which cases a run learns from, chooses checkpoints by, and is judged on.</summary>
public sealed record DatasetSplit(
    IReadOnlyList<DatasetCase> Train,
    IReadOnlyList<DatasetCase> Validation,
    IReadOnlyList<DatasetCase> Test
)
{
    /// <summary>Fewer training cases: the first of each modality that is named.</summary>
    /// <param name="most">Training cases by modality name.</param>
    /// <exception cref="InvalidDataException">There is no such modality.</exception>
    public DatasetSplit Limit(IReadOnlyDictionary<string, int> most)
    {
        string? unknown = most.Keys.FirstOrDefault(name => !Train.Any(c => c.Modality.Name == name));
        return unknown is null
            ? this with
            {
                Train =
                [
                    .. Train
                        .GroupBy(c => c.Modality)
                        .SelectMany(group => group.Take(most.GetValueOrDefault(group.Key.Name, int.MaxValue))),
                ],
            }
            : throw new InvalidDataException(
                $"data.limit.{unknown}: the dataset has no such modality; it has "
                    + $"{string.Join(", ", Train.Select(c => c.Modality.Name).Distinct())}"
            );
    }
}
