using System.Text.Json;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Experiments;

/// <summary>What a finished job leaves beside its scores; the file is written last, so that a job with it is finished.</summary>
/// <param name="Parameters">Trained parameters.</param>
/// <param name="Steps">Training steps.</param>
/// <param name="Seconds">Time of the training steps: their number times the mean of those that were logged.</param>
public sealed record JobResult(long Parameters, long Steps, double Seconds)
{
    private const string FileName = "result.json";
    private const long MostBytes = 1 << 20;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static bool Exists(string run) => File.Exists(PathIn(run));

    /// <exception cref="InvalidDataException">The file is damaged; without it, the job is evaluated again.</exception>
    public static JobResult Read(string run)
    {
        JobResult result = JsonFile.Read<JobResult>(PathIn(run), Format, MostBytes);
        return result is { Parameters: >= 0, Steps: >= 0, Seconds: >= 0 and < double.PositiveInfinity }
            ? result
            : throw new InvalidDataException(
                $"'{PathIn(run)}': parameters, steps or seconds is negative or no number; remove the file to have the job "
                    + "evaluated again"
            );
    }

    public void Write(string run) => JsonFile.Write(PathIn(run), this, Format);

    private static string PathIn(string run) => Path.Combine(run, FileName);
}
