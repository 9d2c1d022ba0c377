namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// What becomes of what is wrong with a dataset: the first problem ends the work, as training wants it, or all are written down,
/// as a person who mends the dataset wants it.
/// </summary>
internal sealed class Problems
{
    private readonly List<string>? all;

    private Problems(List<string>? all) => this.all = all;

    /// <summary>The first one is thrown.</summary>
    public static Problems Thrown { get; } = new(null);

    /// <summary>What was written down; empty where problems are thrown.</summary>
    public IReadOnlyList<string> All => all ?? [];

    /// <summary>They are written down.</summary>
    public static Problems Collected() => new([]);

    /// <exception cref="InvalidDataException">Problems are thrown.</exception>
    public void Add(string message)
    {
        if (all is null)
            throw new InvalidDataException(message);
        if (!all.Contains(message))
            all.Add(message);
    }

    /// <summary>What <paramref name="read"/> gives; <paramref name="otherwise"/> where it failed and that was written
    /// down.</summary>
    public T Try<T>(Func<T> read, T otherwise)
    {
        if (all is null)
            return read();
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            Add(e.Message);
            return otherwise;
        }
    }

    /// <summary>Does something that may fail.</summary>
    public void Try(Action work) =>
        Try(
            () =>
            {
                work();
                return true;
            },
            false
        );
}
