namespace UnpairedSegEngine.Checkpoints;

/// <summary>A checkpoint and whether it can be used.</summary>
/// <param name="Checkpoint">Its step and folder.</param>
/// <param name="Damage">Why it cannot, in one line; null for an intact one.</param>
public sealed record ExaminedCheckpoint(Checkpoint Checkpoint, string? Damage);
