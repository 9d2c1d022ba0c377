using UnpairedSegEngine.Backends.Recording;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>The rates with which the updates of a recording were recorded, one per slot.</summary>
internal sealed class RateSlots
{
    private readonly double?[] recorded = new double?[ReplayNumbers.MostRates];

    /// <summary>How many rates a replay needs: one more than the last slot that an update names.</summary>
    public int Count => Array.FindLastIndex(recorded, rate => rate is not null) + 1;

    /// <summary>An update of a slot is recorded.</summary>
    /// <exception cref="NotSupportedException">There is no such slot, or it has another rate already.</exception>
    public void Take(int slot, double rate)
    {
        if ((uint)slot >= (uint)recorded.Length)
            throw new NotSupportedException($"rate slot {slot} cannot be recorded: slots are 0 to {recorded.Length - 1}");
        if ((recorded[slot] ??= rate) != rate)
            throw new NotSupportedException(
                $"updates with rates {recorded[slot]} and {rate} cannot be recorded in one rate slot, {slot}: give each "
                    + "optimizer a slot of its own"
            );
    }
}
