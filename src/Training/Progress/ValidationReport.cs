namespace UnpairedSegEngine.Training.Progress;

/// <summary>What a validation found.</summary>
/// <param name="Main">By which the best weights are chosen.</param>
/// <param name="Metric">Of the items: "Dice".</param>
/// <param name="Items">Scores of its parts.</param>
public sealed record ValidationReport(Score Main, string Metric, IReadOnlyList<ItemScore> Items)
{
    /// <summary>All numbers by their names in records: "dice/CT/liver", then the main one.</summary>
    public IEnumerable<KeyValuePair<string, double>> Values =>
        Items
            .Select(item => new KeyValuePair<string, double>($"{Metric.ToLowerInvariant()}/{item.Group}/{item.Item}", item.Value))
            .Append(new(Main.Name, Main.Value));
}
