using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Recording;

/// <summary>
/// Records what a backend is given to do, so that the same work is done again with one call. Sizes, addresses and numbers are
/// those of the recording, except for
/// what <see cref="Set"/> and the inputs bring.
/// </summary>
public interface IWorkRecorder
{
    /// <summary>A tensor that recorded work reads and that is filled anew before each time.</summary>
    IRecordedInput CreateInput(Shape shape, DType type);

    /// <summary>A way to the host for a tensor that work writes, recorded or not; the tensor is not owned.</summary>
    IRecordedOutput CreateOutput(Tensor tensor);

    /// <summary>
    /// Records the operations that each part gives to the backend; none is carried out, so a part must not look at results. Every
    /// operation must have run before, so that its kernels are loaded. Memory that the parts allocate is set apart until the
    /// recording is disposed; results are read from tensors that are still allocated then.
    /// A convolution whose weights were allocated before reads them as they are when a part starts: the part after the last one
    /// that updates them, or part 0. So a part may not update weights and then convolve with them. Updates are those of
    /// optimizers; what else changes weights must do so before part 0. A dropout mask is drawn when the part that first uses it
    /// starts, with the numbers of that time.
    /// </summary>
    /// <param name="parts">In the order in which they will run.</param>
    /// <exception cref="NotSupportedException">
    /// An operation cannot be recorded, a part convolves with weights that it has updated, or updates of one slot have several
    /// rates.
    /// </exception>
    IRecording Record(params IReadOnlyList<Action> parts);

    /// <summary>The numbers of what runs from here on.</summary>
    /// <exception cref="ArgumentException">More rates than slots.</exception>
    void Set(ReplayNumbers numbers);
}
