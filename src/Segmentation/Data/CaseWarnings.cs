namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>What easily spoils training or a prediction unseen: one line per kind, with the cases that it is about.</summary>
public static class CaseWarnings
{
    private const int NamedCases = 3;

    private static readonly (IntensityFindings Finding, string Text)[] Texts =
    [
        (IntensityFindings.Constant, "every voxel of the image has the same value, so it shows nothing"),
        (
            IntensityFindings.NearlyConstant,
            "the image is nearly constant: the middle 98 % of its voxels hardly differ; check it and its data.normalization"
        ),
        (IntensityFindings.PaddingLeftOut, "padding below -1024, no Hounsfield number, was left out of the intensity statistics"),
        (
            IntensityFindings.PaddingCounted,
            "padding below -1024, no Hounsfield number, counts in the intensity statistics and takes contrast from the "
                + "body; unpadded_percentile(0.5,99.5) leaves it out"
        ),
        (IntensityFindings.OutliersClipped, "voxels far outside the range of the others were clipped to it"),
    ];

    /// <summary>Of the intensities of cases; those of several channels are named with the channels that it is about.</summary>
    public static IReadOnlyList<string> OfImages(IReadOnlyList<PreparedCase> cases) =>
        [
            .. from kind in Texts
            let found = cases.Select(c => NameWith(kind.Finding, c)).OfType<string>().ToArray()
            where found.Length > 0
            select $"{Listed(found)}: {kind.Text}",
        ];

    /// <summary>Of the reference segmentations of all training cases together.</summary>
    /// <param name="cases">With reference segmentations.</param>
    /// <param name="modalities">Of the dataset.</param>
    /// <param name="classNames">Of the dataset, the background first.</param>
    public static IReadOnlyList<string> OfLabels(
        IReadOnlyList<PreparedCase> cases,
        IReadOnlyList<Modality> modalities,
        IReadOnlyList<string> classNames
    )
    {
        bool[][] shown = [.. cases.Select(c => ClassesOf(c, classNames.Count))];
        string[] missing = [.. classNames.Skip(1).Where((_, organ) => !shown.Any(classes => classes[organ + 1]))];
        IEnumerable<string> withoutForeground =
            from modality in modalities
            let ofModality = cases.Where(c => c.Modality == modality).ToArray()
            where
                ofModality.Length > 0
                && !cases.Zip(shown).Any(pair => pair.First.Modality == modality && pair.Second.Skip(1).Contains(true))
            select $"modality {modality.Name}: no training case shows anything but background ({Listed([.. ofModality.Select(c => c.Id)])})";
        return
        [
            .. withoutForeground,
            .. missing.Length == 0
                ? Array.Empty<string>()
                :
                [
                    $"no training case shows {string.Join(", ", missing)} (at the network's resolution): the network "
                        + "cannot learn it",
                ],
        ];
    }

    /// <summary>"ct_001", or "brain_001 (T1, T2)" where a case has several channels; null without the finding.</summary>
    private static string? NameWith(IntensityFindings finding, PreparedCase source)
    {
        string[] channels =
        [
            .. source
                .Findings.Index()
                .Where(channel => channel.Item.HasFlag(finding))
                .Select(channel => source.ChannelNames.ElementAtOrDefault(channel.Index) ?? $"channel {channel.Index}"),
        ];
        return channels.Length == 0 ? null
            : source.VolumeCount == 1 ? source.Id
            : $"{source.Id} ({string.Join(", ", channels)})";
    }

    /// <summary>"ct_001, ct_002, ct_003 and 5 more".</summary>
    private static string Listed(string[] names) =>
        string.Join(", ", names.Take(NamedCases)) + (names.Length > NamedCases ? $" and {names.Length - NamedCases} more" : "");

    private static bool[] ClassesOf(PreparedCase source, int classCount) =>
        [.. Enumerable.Range(0, classCount).Select(label => source.ClassHistograms.Any(slice => slice[label] > 0))];
}
