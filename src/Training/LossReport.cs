namespace UnpairedSegEngine.Training;

/// <summary>The losses of a step, by name.</summary>
/// <param name="Total">What is minimized.</param>
/// <param name="Terms">Its parts, in the order in which they are shown.</param>
public sealed record LossReport(double Total, params IReadOnlyList<LossTerm> Terms)
{
    /// <summary>Name of the total among the terms in records.</summary>
    internal const string TotalName = "total";

    /// <summary>More of the step, which is recorded with validations only; computed when it is asked for.</summary>
    public Func<IEnumerable<KeyValuePair<string, double>>> Details { get; init; } = () => [];

    /// <summary>The reports of one step's decisions as one; null where there is none.</summary>
    internal static LossReport? Join(LossReport? first, LossReport? second) =>
        first is null || second is null
            ? first ?? second
            : new LossReport(first.Total + second.Total, [.. first.Terms, .. second.Terms])
            {
                Details = () => first.Details().Concat(second.Details()),
            };

    /// <exception cref="NonFiniteLossException">A term or the total is NaN or infinite.</exception>
    internal void RequireFinite(long step)
    {
        foreach (LossTerm term in Terms.Append(new LossTerm(TotalName, Total, "sum of all losses")))
        {
            if (!double.IsFinite(term.Value))
                throw new NonFiniteLossException(step, term.Meaning, term.Value);
        }
    }
}

/// <summary>A part of a loss.</summary>
/// <param name="Name">In records: "dice_CT".</param>
/// <param name="Value">Unweighted.</param>
/// <param name="Meaning">In messages: "Dice loss of CT".</param>
public readonly record struct LossTerm(string Name, double Value, string Meaning);
