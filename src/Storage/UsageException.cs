namespace UnpairedSegEngine.Storage;

/// <summary>
/// Somebody asked for what cannot be: an option, a setting, a name. The message is for that person. Other
/// <see cref="ArgumentException"/>s are faults of the program.
/// </summary>
public sealed class UsageException(string message) : ArgumentException(message);
