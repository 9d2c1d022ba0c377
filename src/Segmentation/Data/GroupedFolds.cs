using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Folds of cases some of which belong together: groups are shuffled with a fixed seed and dealt out, largest first, each to the
/// fold that has the fewest cases of its modalities. A modality has as many folds as groups, at most those asked for; modalities
/// that share a group, such as CT and MR of one patient, have common folds.
/// </summary>
internal static class GroupedFolds
{
    /// <summary>One fold.</summary>
    /// <param name="cases">Sorted by name.</param>
    /// <param name="fold">From 0.</param>
    /// <param name="generated">How many folds there are.</param>
    /// <param name="seed">Of the shuffle.</param>
    public static (HashSet<string> Train, HashSet<string> Validation) Make(
        IReadOnlyList<DatasetCase> cases,
        int fold,
        int generated,
        ulong seed
    )
    {
        var train = new HashSet<string>(StringComparer.Ordinal);
        var validation = new HashSet<string>(StringComparer.Ordinal);
        List<DatasetCase[]> groups =
        [
            .. cases.GroupBy(c => (c.Group, c.Group is null ? c.Id : "")).Select(group => group.ToArray()),
        ];
        foreach (IGrouping<int, DatasetCase[]> part in groups.GroupBy(PartsOf(groups)))
        {
            DatasetCase[][] dealt = Shuffled([.. part], seed, part.Key);
            int folds = Math.Min(generated, FewestGroups(dealt));
            int[] places = Deal(dealt, folds);
            for (int i = 0; i < dealt.Length; i++)
            {
                bool heldOut = folds > 1 && places[i] == fold % folds;
                (heldOut ? validation : train).UnionWith(dealt[i].Select(c => c.Id));
            }
        }

        return (train, validation);
    }

    /// <summary>Numbers the sets of modalities that groups tie together.</summary>
    private static Func<DatasetCase[], int> PartsOf(List<DatasetCase[]> groups)
    {
        int[] part = [.. Enumerable.Range(0, 1 + groups.SelectMany(group => group).Max(c => c.Modality.Index))];
        foreach (DatasetCase[] group in groups)
        {
            int[] tied = [.. group.Select(c => part[c.Modality.Index]).Distinct()];
            for (int i = 0; i < part.Length; i++)
                part[i] = tied.Contains(part[i]) ? tied.Min() : part[i];
        }

        return group => part[group[0].Modality.Index];
    }

    private static DatasetCase[][] Shuffled(DatasetCase[][] groups, ulong seed, int part)
    {
        var stream = new PhiloxStream(seed, (uint)part, 0, 0);
        for (int last = groups.Length - 1; last > 0; last--)
        {
            int other = stream.NextIndex(last + 1);
            (groups[last], groups[other]) = (groups[other], groups[last]);
        }

        return [.. groups.OrderByDescending(group => group.Length)];
    }

    /// <remarks>A modality with one group is never held out, and does not count.</remarks>
    private static int FewestGroups(DatasetCase[][] groups) =>
        groups
            .SelectMany(group => group.Select(c => c.Modality).Distinct())
            .GroupBy(modality => modality)
            .Select(modality => modality.Count())
            .Where(count => count > 1)
            .DefaultIfEmpty(1)
            .Min();

    /// <summary>The fold of each group; -1 for one that must stay in training.</summary>
    private static int[] Deal(DatasetCase[][] groups, int folds)
    {
        var counts = new Dictionary<(int Fold, Modality), int>();
        Dictionary<Modality, int> totals = groups.SelectMany(group => group).CountBy(c => c.Modality).ToDictionary();
        HashSet<Modality> alone =
        [
            .. groups
                .SelectMany(group => group.Select(c => c.Modality).Distinct())
                .GroupBy(modality => modality)
                .Where(modality => modality.Count() == 1)
                .Select(modality => modality.Key),
        ];
        return [.. groups.Select(PlaceOf)];

        int PlaceOf(DatasetCase[] group)
        {
            if (group.Any(c => alone.Contains(c.Modality)))
                return -1;
            int best = Enumerable
                .Range(0, folds)
                .MinBy(fold => (TakesAll(fold, group), group.Sum(c => counts.GetValueOrDefault((fold, c.Modality)))));
            foreach (DatasetCase member in group)
                counts[(best, member.Modality)] = counts.GetValueOrDefault((best, member.Modality)) + 1;
            return best;
        }

        // A fold that holds out all of a modality leaves nothing of it to learn from.
        bool TakesAll(int fold, DatasetCase[] group) =>
            group.CountBy(c => c.Modality).Any(own => counts.GetValueOrDefault((fold, own.Key)) + own.Value == totals[own.Key]);
    }
}
