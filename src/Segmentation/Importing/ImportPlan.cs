using System.Text.Json.Nodes;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>A case of the new dataset.</summary>
/// <param name="Id">Its new name.</param>
/// <param name="Modality">What it was imaged with; null where all cases have all channels and no modality was named.</param>
/// <param name="Source">The dataset that it is from.</param>
/// <param name="From">What it was there.</param>
internal sealed record PlannedCase(string Id, string? Modality, ImportSource Source, ImportCase From);

/// <summary>The new dataset: its cases, classes and channels, before any image is read.</summary>
/// <param name="Cases">Training cases before test cases, each sorted by name.</param>
/// <param name="Classes">And what label values become.</param>
/// <param name="Channels">Names of the images of a case.</param>
/// <param name="Folds">Of splits_final.json; none where it is not written.</param>
/// <param name="Notes">What was passed over.</param>
internal sealed record ImportPlan(
    IReadOnlyList<PlannedCase> Cases,
    ImportClasses Classes,
    IReadOnlyList<string> Channels,
    IReadOnlyList<(HashSet<string> Train, HashSet<string> Validation)> Folds,
    IReadOnlyList<string> Notes
)
{
    /// <summary>The dataset.json.</summary>
    public JsonObject Manifest(string name)
    {
        var labels = new JsonObject();
        foreach ((int value, string label) in Classes.Names.Index())
            labels[label] = value;
        var manifest = new JsonObject
        {
            ["name"] = name,
            ["description"] =
                $"imported from {string.Join(", ", Cases.Select(c => c.Source).Distinct().Select(source => $"{source.Path} ({source.Format})"))}",
            ["channel_names"] = new JsonObject(
                Channels.Index().Select(c => KeyValuePair.Create($"{c.Index}", (JsonNode?)JsonValue.Create(c.Item)))
            ),
            ["labels"] = labels,
            ["file_ending"] = ".nii.gz",
            ["numTraining"] = Cases.Count(c => c.From.Part != ImportPart.Test),
        };
        if (Cases.All(c => c.Modality is not null))
            manifest["domains"] = Lists(Cases.GroupBy(c => c.Modality!));
        if (Cases.Any(c => c.From.Group is not null))
            manifest["groups"] = Lists(Cases.Where(c => c.From.Group is not null).GroupBy(c => c.From.Group!));
        return manifest;
    }

    private static JsonObject Lists(IEnumerable<IGrouping<string, PlannedCase>> groups) =>
        new(
            groups
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group =>
                    KeyValuePair.Create(
                        group.Key,
                        (JsonNode?)new JsonArray([.. group.Select(c => (JsonNode?)JsonValue.Create(c.Id))])
                    )
                )
        );
}
