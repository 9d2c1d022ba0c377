namespace UnpairedSegEngine.Random;

/// <summary>The four 32-bit words that one Philox block yields.</summary>
public readonly record struct PhiloxWords(uint X, uint Y, uint Z, uint W);
