namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>What the processor can do at most.</summary>
/// <param name="Threads">Threads at work.</param>
/// <param name="Simd">Width of the vector code.</param>
/// <param name="Gflops">Float32 multiply-adds with operands in registers, GFLOP/s.</param>
/// <param name="Gbs">Memory read and written, GB/s.</param>
public sealed record PeakResult(int Threads, string Simd, double Gflops, double Gbs);
