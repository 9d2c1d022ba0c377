namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>Launches that recorded operations put off, so that few do them all before a part.</summary>
internal interface IPreparation : IDisposable
{
    /// <summary>What profiles call it.</summary>
    string Name { get; }

    /// <summary>The part that is being recorded.</summary>
    int Part { set; }

    /// <summary>Parts that it precedes.</summary>
    IEnumerable<int> Parts { get; }

    /// <summary>Of the memory that it fills, which it owns.</summary>
    long Bytes { get; }

    /// <summary>Launches what was put off until that part.</summary>
    void Launch(int part);
}
