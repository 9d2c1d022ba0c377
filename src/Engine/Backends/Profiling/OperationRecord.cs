namespace UnpairedSegEngine.Backends.Profiling;

/// <summary>One operation that a backend carried out.</summary>
/// <param name="Name">Which, such as "convolution forward".</param>
/// <param name="Sizes">Of what sizes.</param>
/// <param name="Start">Since the first operation began.</param>
/// <param name="Duration">Wall time; more than zero.</param>
/// <param name="Flops">Multiplications and additions that its formula needs; 0 where moving memory is what counts.</param>
/// <param name="Bytes">Of its arguments, each once.</param>
/// <param name="Allocated">Bytes of managed memory that the calling thread allocated for it; the garbage collector's work to
/// come.</param>
public readonly record struct OperationRecord(
    string Name,
    string Sizes,
    TimeSpan Start,
    TimeSpan Duration,
    double Flops,
    long Bytes,
    long Allocated
);
