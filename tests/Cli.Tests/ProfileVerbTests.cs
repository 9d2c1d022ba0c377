using System.Text.Json;
using UnpairedSegEngine.Backends.Cuda;

namespace UnpairedSegEngine.Cli.Tests;

internal sealed class ProfileVerbTests : CommandLine
{
    private static readonly string[] Small = ["--set", "network.channels=2", "data.size=16", "data.depth=8", "training.batch=1"];

    /// <summary>Microseconds that a duration is rounded up to.</summary>
    private const double ClockTick = 0.11;

    [Test]
    public void A_step_is_taken_apart([Values("dilated2d", "unet3d")] string network)
    {
        string trace = PathOf($"{network}.json"),
            picture = PathOf($"{network}.svg");
        (int code, string output, string errors) = Run([
            "profile",
            "--trace",
            trace,
            "--picture",
            picture,
            .. Small,
            $"network.name={network}",
        ]);
        Assert.That(code, Is.Zero, errors);
        foreach (
            string operation in new[]
            {
                "convolution forward",
                "convolution data gradient",
                "convolution weight gradient",
                "normalization backward",
                "max pool",
                "loss gradient",
                "adam",
            }
        )
            Assert.That(output, Does.Contain(operation));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(trace));
        JsonElement[] events = [.. document.RootElement.GetProperty("traceEvents").EnumerateArray()];
        double end = 0;
        foreach (JsonElement recorded in events)
        {
            Assert.That(
                recorded.GetProperty("ts").GetDouble(),
                Is.GreaterThanOrEqualTo(end - ClockTick),
                "operations follow each other"
            );
            end = recorded.GetProperty("ts").GetDouble() + recorded.GetProperty("dur").GetDouble();
            Assert.That(recorded.GetProperty("args").GetProperty("allocated_bytes").GetInt64(), Is.GreaterThanOrEqualTo(0));
        }

        Assert.That(events, Has.Length.GreaterThan(100));
        Assert.That(File.ReadAllText(picture), Does.Contain("<svg"));
    }

    [Test]
    public void A_prediction_has_no_gradients()
    {
        (int code, string output, string errors) = Run(["profile", "--predict", "--layers", .. Small]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("convolution forward").And.Not.Contain("gradient"));
        RequireOneLine(Run("profile", "--device", "ilgpu"), 2, "cannot be timed one by one");
    }

    /// <summary>Replayed from a graph and launched one by one.</summary>
    [Test]
    public void Kernels_lie_within_their_operations([Values] bool graph)
    {
        if (CudaBackend.EmulationUnavailableReason is { } reason)
            Assert.Ignore(reason);
        string trace = PathOf($"kernels-{graph}.json");
        (int code, string output, string errors) = Run([
            "profile",
            "--device",
            "emulated",
            "--kernels",
            "--trace",
            trace,
            .. graph ? Array.Empty<string>() : ["--no-graph"],
            .. Small,
            "network.name=unet3d",
            "data.size=8",
        ]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("convolution forward").And.Contain("convolution_forward_simt").And.Contain("adam"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(trace));
        ILookup<int, (double Begin, double End)> rows = document
            .RootElement.GetProperty("traceEvents")
            .EnumerateArray()
            .ToLookup(
                e => e.GetProperty("tid").GetInt32(),
                e => (e.GetProperty("ts").GetDouble(), e.GetProperty("ts").GetDouble() + e.GetProperty("dur").GetDouble())
            );
        (double Begin, double End)[] operations = [.. rows[1]],
            kernels = [.. rows[2]];
        Assert.That(kernels, Has.Length.GreaterThan(operations.Length));
        foreach ((double begin, double end) in kernels)
            Assert.That(
                operations.Any(o => o.Begin <= begin + ClockTick && end <= o.End + ClockTick),
                $"kernel from {begin} to {end} us"
            );
    }
}
