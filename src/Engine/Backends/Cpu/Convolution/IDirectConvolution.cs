using System.Numerics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>The plan of a <see cref="GatherProblem"/> that is multiplied as it stands, without transforms.</summary>
internal unsafe interface IDirectConvolution
{
    /// <summary>Elements of scratch that all workers share.</summary>
    long SharedScratch { get; }

    /// <summary>Elements of scratch that each worker needs.</summary>
    long WorkerScratch { get; }

    /// <param name="threads">Share the work.</param>
    /// <param name="input">Source image.</param>
    /// <param name="weights">Weights in the layout of the problem.</param>
    /// <param name="bias">Per output channel, or null.</param>
    /// <param name="output">Receives the grid's elements; others stay.</param>
    /// <param name="accumulate">Whether they are added to instead of overwritten.</param>
    /// <param name="shared">Room for <see cref="SharedScratch"/>.</param>
    /// <param name="scratch">Room for <see cref="WorkerScratch"/>, by worker.</param>
    void Run<T>(CpuThreads threads, T* input, T* weights, T* bias, T* output, bool accumulate, T* shared, nint[] scratch)
        where T : unmanaged, INumber<T>;
}
