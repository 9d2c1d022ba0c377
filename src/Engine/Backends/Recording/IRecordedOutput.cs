namespace UnpairedSegEngine.Backends.Recording;

/// <summary>Brings what work left in a tensor to the host, while the device goes on.</summary>
public interface IRecordedOutput : IDisposable
{
    /// <summary>
    /// Sends the tensor's content, as the work started so far leaves it, on its way. What is started from here on may write to
    /// the tensor. What an earlier fetch brought is lost.
    /// </summary>
    void Fetch();

    /// <summary>Waits for what was fetched last; valid until the next fetch.</summary>
    /// <exception cref="ArgumentException">The tensor has elements of another type.</exception>
    ReadOnlyMemory<T> Read<T>()
        where T : unmanaged;
}
