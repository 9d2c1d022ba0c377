using System.Text.Json;
using UnpairedSegEngine.Backends.Cpu;

namespace UnpairedSegEngine.Cli.Tests;

internal sealed class BenchVerbTests : CommandLine
{
    private static readonly string[] Small = ["--channels", "2", "--size", "16", "--threads", "2"];

    [Test]
    public void A_step_or_prediction_says_what_it_took(
        [Values("step", "infer")] string subject,
        [Values("dilated2d", "unet3d")] string network
    )
    {
        string json = PathOf($"{subject}-{network}.json");
        (int code, string output, string errors) = Run([
            "bench",
            subject,
            "--network",
            network,
            "--iters",
            "2",
            "--json",
            json,
            .. Small,
        ]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain(network).And.Contain("GFLOP"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        JsonElement result = document.RootElement;
        Assert.That(
            (
                result.GetProperty("mode").GetString(),
                result.GetProperty("network").GetString(),
                result.GetProperty("batch").GetInt32(),
                result.GetProperty("iters").GetInt32(),
                result.GetProperty("threads").GetInt32()
            ),
            Is.EqualTo((subject, network, 1, 2, 2))
        );
        Assert.That(
            (result.GetProperty("exact").GetBoolean(), result.GetProperty("simd").GetString()),
            Is.EqualTo((false, SimdLevels.Best.ToString().ToLowerInvariant()))
        );
        Assert.That(
            result.GetProperty("ms_min").GetDouble(),
            Is.GreaterThan(0).And.LessThanOrEqualTo(result.GetProperty("ms_median").GetDouble())
        );
        Assert.That(result.GetProperty("peak_rss_mb").GetDouble(), Is.GreaterThan(1));
    }

    [Test]
    public void Batches_are_timed_by_threads([Values("dilated2d", "unet3d")] string network)
    {
        string json = PathOf($"batches-{network}.json");
        string[] command =
        [
            "bench",
            "batches",
            "--network",
            network,
            "--seconds",
            "0.1",
            "--json",
            json,
            "--batch",
            "3",
            .. Small,
        ];
        (int code, string output, string errors) = Run(command);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("6 samples of 16x16"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        JsonElement[] results = [.. document.RootElement.EnumerateArray()];
        Assert.That(results.Select(result => result.GetProperty("threads").GetInt32()), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(results.Select(result => result.GetProperty("samples").GetInt32()), Has.All.EqualTo(6));
        Assert.That(results.Select(result => result.GetProperty("ms_per_batch").GetDouble()), Has.All.Positive);
        Assert.That(results.Select(result => result.GetProperty("batches").GetInt32()), Has.All.GreaterThanOrEqualTo(3));

        RequireOneLine(
            Run([.. command[..4], "--data", PathOf("nowhere")]),
            3,
            $"unpairedseg: '{PathOf("nowhere")}': no such dataset folder"
        );
        RequireOneLine(Run("bench", "batches", "--device", "emulated"), 2, "batches are prepared on the cpu");
    }

    [Test]
    public void Flops_are_those_of_the_layers()
    {
        string step = PathOf("step.json"),
            infer = PathOf("infer.json"),
            layers = PathOf("layers.json"),
            csv = PathOf("layers.csv"),
            markdown = PathOf("layers.md");
        Assert.That(Run(["bench", "step", "--iters", "1", "--json", step, .. Small]).Code, Is.Zero);
        Assert.That(Run(["bench", "infer", "--iters", "1", "--json", infer, .. Small]).Code, Is.Zero);
        (int code, string output, string errors) = Run([
            "bench",
            "layers",
            "--seconds",
            "0.01",
            "--json",
            layers,
            "--csv",
            csv,
            "--markdown",
            markdown,
            .. Small,
        ]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("g8 dilated").And.Contain("--filter 'out 40->5 5x5 at 16'"));

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(layers));
        JsonElement[] measured = [.. document.RootElement.GetProperty("layers").EnumerateArray()];
        Assert.That(measured, Has.Length.EqualTo(3 * 15));
        Assert.That(File.ReadAllLines(csv), Has.Length.EqualTo(1 + (3 * 15)));
        Assert.That(File.ReadAllLines(markdown), Has.Length.EqualTo(2 + 15));
        Assert.That(
            File.ReadLines(csv).Skip(1),
            Has.All.Contains(",unpairedseg bench layers --network dilated2d --channels 2 --size 16 ")
        );
        foreach (JsonElement layer in measured)
        {
            Assert.That(
                layer.GetProperty("gflops").GetDouble(),
                Is.EqualTo(1e3 * layer.GetProperty("gflop").GetDouble() / layer.GetProperty("ms_min").GetDouble())
                    .Within(1e-9)
                    .Percent
            );
            Assert.That(layer.GetProperty("bound").GetString(), Is.AnyOf("compute", "memory"));
        }

        // A step has both modalities and three passes, but for the gradient of the images; 3 x 3 taps over 16 x 16 images, 44 x
        // 44 of them inside.
        double firstLayer = 2 * 2 * 3.0 * 2 * ((3 * 16) - 2) * ((3 * 16) - 2) / 1e9;
        Assert.That(Gflop(step), Is.EqualTo((6 * Gflop(infer)) - firstLayer).Within(1e-6).Percent);
    }

    [Test]
    public void Peaks_are_measured_by_threads()
    {
        (int code, string output, string errors) = Run("bench", "peaks", "--threads", "2", "--json", PathOf("peaks.json"));
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("1 threads: ").And.Contain("2 threads: ").And.Contain("GB/s"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(PathOf("peaks.json")));
        JsonElement[] peaks = [.. document.RootElement.EnumerateArray()];
        Assert.That(peaks.Select(peak => peak.GetProperty("threads").GetInt32()), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(peaks.Select(peak => peak.GetProperty("gflops").GetDouble()), Has.All.GreaterThan(0));
    }

    [Test]
    public void Bad_requests_are_one_line()
    {
        RequireOneLine(Run("bench", "layers", "--filter", "nothing"), 2, "no layer");
        RequireOneLine(Run("bench", "layers", "--device", "emulated"), 2, "--device emulated");
        RequireOneLine(Run("bench", "step", "--iters", "0"), 2, "--iters is '0'");
        RequireOneLine(Run("bench", "step", "--csv", "steps.csv"), 2, "--csv");
        RequireOneLine(Run("bench", "peaks", "--threads", "-1"), 2, "-1");
        RequireOneLine(Run("bench", "step", "--threads", "-1"), 2, "-1");
        RequireOneLine(Run("bench", "step", "--size", "17"), 2, "--size", "17");
        RequireOneLine(Run("bench", "step", "--network", "resnet"), 2, "resnet", "unet3d");
        RequireOneLine(Run("bench", "peaks", "--device", "emulated"), 2, "--device emulated");
    }

    private static double Gflop(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.GetProperty("gflop").GetDouble();
    }
}
