namespace UnpairedSegEngine.Backends.Recording;

/// <summary>The numbers that differ each time recorded work runs.</summary>
/// <param name="StreamOffset">Added to the stream of every dropout mask as it was recorded.</param>
/// <param name="Rates">
/// By slot (see <see cref="AdamSettings.RateSlot"/>), at most <see cref="MostRates"/>: replaces the rate of every recorded update
/// of that slot.
/// </param>
public readonly record struct ReplayNumbers(ulong StreamOffset, IReadOnlyList<double> Rates)
{
    /// <summary>Slots of rates.</summary>
    public const int MostRates = 16;
}
