using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Recording;

/// <summary>An input of recorded work. The device goes on with earlier work while the next content is on its way.</summary>
public interface IRecordedInput : IDisposable
{
    /// <summary>What recorded work reads.</summary>
    Tensor Tensor { get; }

    /// <summary>
    /// The content that what is started from here on reads; <paramref name="elements"/> may be changed when this returns.
    /// </summary>
    /// <exception cref="ArgumentException">Not as many elements, or of another type.</exception>
    void Load<T>(ReadOnlySpan<T> elements)
        where T : unmanaged;
}
