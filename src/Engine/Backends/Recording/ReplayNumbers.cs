namespace UnpairedSegEngine.Backends.Recording;

/// <summary>The numbers that differ each time recorded work runs.</summary>
/// <param name="StreamOffset">Added to the stream of every dropout mask as it was recorded.</param>
/// <param name="AdamRate">Replaces the rate of every recorded Adam update.</param>
public readonly record struct ReplayNumbers(ulong StreamOffset, double AdamRate);
