using System.Text.Json.Serialization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Runs.Provenance;

/// <summary>How a run's numbers are rounded.</summary>
/// <param name="Device">cpu, cuda, ilgpu or emulated: which of several GPUs does not matter.</param>
/// <param name="Precision">Products of convolutions, and what is stored of their results.</param>
/// <param name="Exact">Direct convolutions only.</param>
/// <param name="Processor">What the backend computes with, such as the width of vectors: other bits, the same arithmetic.</param>
public sealed record Arithmetic(string Device, string Precision, bool Exact, string Processor)
{
    /// <summary>Devices with work of their own while the host prepares batches; the emulated one has the bits of a
    /// GPU.</summary>
    private static readonly string[] Gpus = ["cuda", "emulated"];

    /// <param name="device">As <see cref="BackendChoice.Open"/> takes it.</param>
    /// <param name="precision">Products of convolutions.</param>
    /// <param name="exact">Direct convolutions only.</param>
    /// <param name="processor">Of the backend, once it is open.</param>
    public static Arithmetic Of(string device, ConvolutionPrecision precision, bool exact, string processor = "") =>
        new(device.ToLowerInvariant().Split(':')[0], precision.ToString().ToLowerInvariant(), exact, processor);

    /// <summary><see cref="Precision"/> as a value.</summary>
    /// <exception cref="InvalidDataException">The text, which was read from a run folder, names none.</exception>
    [JsonIgnore]
    public ConvolutionPrecision ParsedPrecision =>
        Enum.TryParse(Precision, ignoreCase: true, out ConvolutionPrecision parsed) && Enum.IsDefined(parsed)
            ? parsed
            : throw new InvalidDataException($"{RunProvenance.FileName}: '{Precision}' is no precision");

    /// <summary>A configuration whose samples are varied at a certain place.</summary>
    /// <param name="config">With the place that was asked for.</param>
    /// <param name="earlier">Of the run that is to go on: what it decided stays. Null for a new run.</param>
    public TrainingConfig Place(TrainingConfig config, TrainingConfig? earlier = null) =>
        config with
        {
            Augmentation =
                earlier is not null && config.Augmentation.Place == AugmentationPlace.Auto
                    ? config.Augmentation with
                    {
                        Place = earlier.Augmentation.Place,
                    }
                    : config.Augmentation.PlacedFor(Gpus.Contains(Device)),
        };

    /// <summary>The same on the processor that a backend found.</summary>
    public Arithmetic On(Backend backend) => this with { Processor = backend.Processor };

    /// <summary>
    /// What is another now, as the rest of a sentence; null where the same bits can be expected, other processors apart.
    /// </summary>
    public string? DifferenceTo(Arithmetic now)
    {
        if (Device != now.Device)
            return $"--device was {Device} and is {now.Device} now";
        if (Precision != now.Precision)
            return $"--precision was {Precision} and is {now.Precision} now";
        return Exact == now.Exact
            ? null
            : $"--exact was {(Exact ? "given" : "not given")} and is {(now.Exact ? "given" : "not given")} now";
    }
}
