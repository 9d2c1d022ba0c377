using System.Text.Json;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>Times of kernels that a GPU took, from the trace of a profile (<see
/// cref="Profiling.StepProfile.WriteTrace"/>).</summary>
internal static class MeasuredKernels
{
    private const double MicrosecondsPerMillisecond = 1000;

    /// <summary>Milliseconds by kernel: all its launches together.</summary>
    /// <exception cref="InvalidDataException">The file is no such trace, or has no kernels.</exception>
    public static IReadOnlyDictionary<string, double> Read(string path)
    {
        using JsonDocument document = JsonFile.Parse(path);
        try
        {
            var kernels = document
                .RootElement.GetProperty("traceEvents")
                .EnumerateArray()
                .Where(recorded => recorded.GetProperty("cat").GetString() == "kernel")
                .GroupBy(recorded => recorded.GetProperty("name").GetString()!)
                .ToDictionary(
                    kernel => kernel.Key,
                    kernel => kernel.Sum(recorded => recorded.GetProperty("dur").GetDouble()) / MicrosecondsPerMillisecond
                );
            return kernels.Count > 0 ? kernels : throw NoTrace(path, "has no kernels");
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw NoTrace(path, "is no trace of a profile");
        }
    }

    private static InvalidDataException NoTrace(string path, string fault) =>
        new($"'{path}' {fault}; write one with 'unpairedseg profile --device cuda --trace FILE'");
}
