namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>A CUDA call failed or CUDA cannot be used here; the message is one line that says what to do about it.</summary>
/// <param name="message">One line.</param>
/// <param name="code">The driver's <c>CUresult</c>; 0 where the driver was not asked.</param>
public sealed class CudaException(string message, int code = 0) : Exception(message)
{
    /// <summary>The driver's <c>CUresult</c>, such as 2 for memory that ran out; 0 where the driver was not asked.</summary>
    public int Code => code;
}
