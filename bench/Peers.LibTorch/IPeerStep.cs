namespace UnpairedSegEngine.Bench.Peers;

/// <summary>A training step on made-up images, to be timed.</summary>
internal interface IPeerStep : IDisposable
{
    /// <summary>Numbers that training changes.</summary>
    long Parameters { get; }

    /// <exception cref="InvalidOperationException">A loss is not finite.</exception>
    void Run();
}
