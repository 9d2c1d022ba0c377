using System.Diagnostics;
using System.Text.Json;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Bench.Benchmarks.Convolutions;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Cli.Tests;

internal sealed class BenchConvolutionsVerbTests : CommandLine
{
    private const string Mirrored = "n2 c10 k12 in1x6x7 kernel1x3x3 stride1x1x1 dilation1x1x1 pad0x1x1/0x1x1 Symmetric";
    private const string Strided = "n2 c9 k3 in4x6x6 kernel1x3x3 stride2x2x2 dilation1x1x1 pad0x0x0/0x1x1 Zero";
    private const string Dilated = "n1 c16 k16 in2x5x6 kernel3x3x3 stride1x1x1 dilation1x2x2 pad1x2x2/1x2x2 Zero";

    /// <summary>The float64 reference of the benchmark and the backends know nothing of each other.</summary>
    [Test]
    public void Every_pass_is_checked_and_timed(
        [Values("cpu", "emulated")] string device,
        [Values(Mirrored, Strided, Dilated)] string problem
    )
    {
        if (device == "emulated" && CudaBackend.EmulationUnavailableReason is { } reason)
            Assert.Ignore(reason);
        string json = PathOf($"{device}-{problem.Length}.json");
        string[] precision = device == "emulated" ? ["--precision", "bf16x6"] : [];
        (int code, string output, string errors) = Run([
            "bench",
            "convolutions",
            "--fused",
            "--device",
            device,
            "--problem",
            problem,
            "--runs",
            "3",
            "--flush-mb",
            "1",
            "--json",
            json,
            .. precision,
        ]);
        Assert.That(code, Is.Zero, errors + output);
        JsonElement[] results = [.. File.ReadAllLines(json).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
        Assert.That(results.Select(r => r.GetProperty("implementation").GetString()), Has.All.EqualTo("ours"));
        Assert.That(
            results.Select(r => r.GetProperty("pass").GetString()),
            Is.EqualTo(["forward", "forward", "data gradient", "weight gradient", "weight gradient"])
        );
        Assert.That(
            results.Select(r => r.TryGetProperty("fused", out JsonElement fused) && fused.GetBoolean()),
            Is.EqualTo([false, true, false, false, true])
        );
        foreach (JsonElement result in results)
        {
            Assert.That(result.GetProperty("problem").GetString(), Is.EqualTo(problem));
            Assert.That(result.GetProperty("relative_error").GetDouble(), Is.LessThan(3e-6));
            Assert.That(
                result.GetProperty("ms_min").GetDouble(),
                Is.GreaterThan(0).And.LessThanOrEqualTo(result.GetProperty("ms_median").GetDouble())
            );
            Assert.That(result.GetProperty("repro").GetString(), Does.Contain($"--problem '{problem}'"));
            Assert.That(result.GetProperty("kernels").GetArrayLength(), device == "emulated" ? Is.GreaterThan(0) : Is.Zero);
        }
    }

    [Test]
    public void A_single_run_is_for_profilers()
    {
        Assert.That(Run("bench", "convolutions", "--problem", Strided, "--pass", "weights", "--once").Code, Is.Zero);
        RequireOneLine(
            Run("bench", "convolutions", "--problem", Strided, "--once"),
            2,
            "--once needs one --problem and one --pass"
        );
    }

    [Test]
    public void Bad_problems_are_one_line()
    {
        string file = PathOf("problems.tsv");
        File.WriteAllText(file, $"a\t1\t{Strided}\nb\t1\tn1 c1\n");
        RequireOneLine(
            Run("bench", "convolutions", "--problems", file),
            3,
            "problems.tsv:2: problem 'n1 c1' is not understood; it looks like 'n16 c3"
        );
        RequireOneLine(
            Run("bench", "convolutions", "--problem", Strided.Replace("kernel1", "kernel9", StringComparison.Ordinal)),
            2,
            "is larger than the padded input"
        );
        RequireOneLine(Run("bench", "convolutions"), 2, "give --problems FILE or --problem TEXT");
        RequireOneLine(Run("bench", "convolutions", "--problem", Strided, "--runs", "0"), 2, "--runs is '0'");
        RequireOneLine(Run("bench-convolutions", "--problem", Strided), 2, "is 'bench convolutions' now");
    }

    /// <summary>
    /// bench/peers describes the networks for programs that are not ours; concatenated inputs are one convolution there.
    /// </summary>
    [Test]
    public void The_peers_convolutions_are_the_networks([Values("dilated2d", "unet3d")] string network)
    {
        TrainingConfig config = ConfigLoader.Load(
            sets: [$"network.name={network}", "network.channels=4", "data.size=32", "data.depth=8", "training.batch=3"]
        );
        Dictionary<string, int> ours = [];
        foreach (NetworkLayer layer in NetworkLayers.Of(config).Where(layer => !layer.Accumulates))
        {
            string place = layer.Name.Split(' ')[0];
            int skipped = NetworkLayers
                .Of(config)
                .Where(other => other.Accumulates && other.Name.Split(' ')[0] == place)
                .Sum(other => other.Problem.InputChannels);
            ConvolutionProblem problem = layer.Problem with { InputChannels = layer.Problem.InputChannels + skipped };
            ours[problem.ToString()] = layer.Count;
        }

        string[] lines = Described(
            "--problems",
            "--network",
            network,
            "--channels",
            "4",
            "--size",
            "32",
            "--depth",
            "8",
            "--batch",
            "3"
        );
        Assert.That(
            lines.Select(line => line.Split('\t')).ToDictionary(fields => fields[2], fields => int.Parse(fields[1])),
            Is.EquivalentTo(ours)
        );
        Assert.That(
            lines.Select(line => ConvolutionText.Parse(line.Split('\t')[2]).ToString()),
            Is.EquivalentTo(ours.Keys),
            "a problem reads as it is written"
        );
    }

    /// <summary>Lines of bench/peers/pytorch_step.py, which needs Python, but no PyTorch, for this.</summary>
    private static string[] Described(params string[] options)
    {
        if (Repository.Found is null)
            Assert.Ignore("not within the repository");
        var start = new ProcessStartInfo(
            "python3",
            ["-B", Path.Combine(Repository.Root, "bench", "peers", "pytorch_step.py"), .. options]
        )
        {
            RedirectStandardOutput = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("python3 was not found");
            throw;
        }
    }
}
