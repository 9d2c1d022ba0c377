namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Rehearses tools/gpu-bench.sh with a stand-in for the program, of which one pass hangs.</summary>
[Platform("Linux")]
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class GpuBenchTests
{
    [Test]
    public void A_pass_that_hangs_costs_its_own_seconds_and_all_else_comes_home()
    {
        ShellScript.Require("bash", "timeout", "tar", "python3");
        using var folder = new TemporaryFolder();
        string results = folder.File("results"),
            archive = folder.File("results.tgz");
        ShellScript.Write(
            folder.File("unpairedseg"),
            """
            while [ $# -gt 0 ]; do [ "$1" = --json ] && json="$2"; words="$words $1"; shift; done
            case "$words" in
              *"--pass data"*) sleep 60 ;;
              *"bench convolutions"*)
                echo '{"layer":"g1","count":1,"problem":"p","pass":"forward","precision":"bf16","ms_median":2,"ms_min":2,"noise_percent":1}' > "$json"
                echo '{"layer":"g1","count":1,"problem":"p","pass":"forward","precision":"bf16","fused":true,"ms_median":3,"ms_min":3,"noise_percent":1}' >> "$json" ;;
              *) echo '{"ms_median":5,"ms_min":4}' > "$json" ;;
            esac
            """
        );
        ShellScript.Write(folder.File("cudnn_bench"), "exit 3");
        (int code, string text) = ShellScript.Run(
            "gpu-bench.sh",
            ["step2d", "layers2d-bf16", "--precisions", "bf16", "--out", results, "--archive", archive],
            ("GPU_BENCH_BIN", folder.Path),
            ("GPU_BENCH_SMALL", "1"),
            ("GPU_BENCH_LAYER_SECONDS", "1")
        );
        Assert.That(code, Is.Zero, text);
        string report = File.ReadAllText(Path.Combine(results, "report.md"));
        Assert.That(report, Does.Contain("| 2D network | ours | bf16 | 5.000 | 4.000 |"));
        Assert.That(report, Does.Contain("| g1 | 1 | forward | 2.0000 ±1 % | bf16 | 3.0000 ±1 % | not run |"));
        Assert.That(report, Does.Contain("layers2d-bf16-ours-bf16-data: stopped after"));
        Assert.That(
            ShellScript.FilesOf(archive),
            Is.SupersetOf(
                new[] { "results/report.md", "results/step2d-bf16.json", "results/layers2d-bf16-ours-bf16-weights.json" }
            )
        );
    }
}
