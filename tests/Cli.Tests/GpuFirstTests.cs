using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using UnpairedSegEngine.Backends.Cuda;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>
/// Rehearses tools/gpu-first.sh without a GPU: with the program, the fake driver and emulated kernels, and with stand-ins that
/// hang and fail.
/// </summary>
[Platform("Linux")]
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class GpuFirstTests
{
    private static readonly string Here = AppContext.BaseDirectory;
    private static readonly string Root = Repository.Root;

    private string folder = "";

    private string Bin => Path.Combine(folder, "unpairedseg-gpu-check", "bin");

    private string Out => Path.Combine(folder, "out");

    [SetUp]
    public void Unpack()
    {
        ShellScript.Require("bash", "timeout", "tar", "python3");
        folder = Directory.CreateTempSubdirectory("gpu-first-").FullName;
        Directory.CreateDirectory(Bin);
        foreach (string script in new[] { "gpu-first.sh", "gpu-check.sh" })
            File.Copy(Path.Combine(Root, "tools", script), Path.Combine(Bin, "..", script));
        Directory.CreateDirectory(Path.Combine(Bin, "..", "peers"));
        foreach (string peer in Directory.GetFiles(Path.Combine(Root, "bench", "peers"), "*.py"))
            File.Copy(peer, Path.Combine(Bin, "..", "peers", Path.GetFileName(peer)));
        foreach (string tests in new[] { "Engine.Tests", "Segmentation.Tests" })
            Script($"UnpairedSegEngine.{tests}", "echo '  failed: 0'; echo '  succeeded: 3'; echo '  skipped: 0'");
        Script("cudnn_bench", "echo measured");
        Script("gpu_probe", "echo answered");
        Script("nvidia-smi", "echo 'Fake GPU 0'");
    }

    [TearDown]
    public void Remove()
    {
        if (folder.Length > 0)
            Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void The_program_and_the_probe_go_through_both_parts_on_the_fake_driver()
    {
        string fake = Path.Combine(Here, "libfake_cuda.so"),
            kernels = Path.Combine(Here, "kernels", "libemulated_kernels.so");
        if (!File.Exists(fake) || CudaBackend.EmulationUnavailableReason is not null || !ShellScript.IsInstalled("g++"))
            Assert.Ignore("the fake CUDA driver or the emulated kernels were not built, or g++ is missing");
        Script(
            "unpairedseg",
            $"UNPAIREDSEG_CUDA_LIBRARY='{fake}' FAKE_CUDA_KERNELS='{kernels}' exec dotnet '{CopyProgram()}' \"$@\""
        );
        BuildProbe(fake);

        const string Right =
                "^(smi|info|probe-products|family-fp32-forward|family-bf16-(forward|data|weights)|narrow-bf16-weights|volume-bf16-forward|kernels)$",
            Fast = "^(step|profile)-unet3d$";
        Assert.That(
            Start(
                "right",
                ("FIRST_ONLY", Right),
                ("FIRST_SMALL", "1"),
                ("FIRST_FAMILY_SECONDS", "90"),
                ("FIRST_PROBE_SECONDS", "60")
            ),
            Is.Zero,
            Log("right")
        );
        Assert.That(
            Stages("right").Select(stage => stage.Name),
            Is.EqualTo(
                new[]
                {
                    "smi",
                    "info",
                    "probe-products",
                    "family-fp32-forward",
                    "family-bf16-forward",
                    "family-bf16-data",
                    "family-bf16-weights",
                    "narrow-bf16-weights",
                    "volume-bf16-forward",
                    "kernels",
                }
            )
        );
        Assert.That(
            Log("right"),
            Does.Contain("Fake GPU 0").And.Contain("16 of 16 products in the layouts of the convolutions are right")
        );
        Assert.That(
            Saved("right").Keys,
            Does.Contain("first-right/family-bf16-weights.jsonl").And.Contain("first-right/check/report.json")
        );

        Assert.That(
            Start(
                "fast",
                ("FIRST_ONLY", Fast),
                ("FIRST_SMALL", "1"),
                ("FIRST_STEP_SECONDS", "90"),
                ("FIRST_PROFILE_SECONDS", "90")
            ),
            Is.Zero,
            Log("fast")
        );
        Assert.That(
            JsonSerializer
                .Deserialize<JsonElement>(Saved("fast")["first-fast/step-unet3d.json"])
                .GetProperty("ms_median")
                .GetDouble(),
            Is.Positive
        );
        Assert.That(Saved("fast")["first-fast/profile-unet3d.log"], Does.Contain("convolution weight gradient"));
        Assert.That(Directory.GetFileSystemEntries(Out), Has.Length.EqualTo(4), "what comes home");
    }

    [Test]
    public void Families_that_hang_or_fail_cost_their_own_seconds_only()
    {
        Script(
            "unpairedseg",
            """
            case "$*" in
              *"bf16x3 --pass data"*) trap '' TERM; sleep 60 ;;
              *bf16x6*) echo 'unpairedseg: cannot launch "x": CUDA_ERROR_ILLEGAL_ADDRESS' >&2; exit 6 ;;
              *) echo fine ;;
            esac
            """
        );
        Assert.That(
            Start("right", ("FIRST_FAMILY_SECONDS", "1"), ("FIRST_ONLY", "smi|info|probe|family|big|kernels")),
            Is.EqualTo(1)
        );
        Dictionary<string, (string Name, int Code, string Last)> stages = Stages("right").ToDictionary(stage => stage.Name);
        string[] families =
        [
            .. from precision in new[] { "fp32", "bf16", "bf16x3", "bf16x6" }
            from pass in new[] { "forward", "data", "weights" }
            select $"family-{precision}-{pass}",
        ];
        Assert.That(stages.Keys.Where(name => name.StartsWith("family", StringComparison.Ordinal)), Is.EqualTo(families));
        Assert.That(stages["family-bf16x3-data"].Last, Does.StartWith("stopped after"));
        Assert.That(stages["family-bf16x3-data"].Code, Is.AnyOf(124, 137));
        Assert.That(
            stages["family-bf16x6-forward"],
            Is.EqualTo(("family-bf16x6-forward", 6, "unpairedseg: cannot launch \"x\": CUDA_ERROR_ILLEGAL_ADDRESS"))
        );
        Assert.That(
            stages.Values.Where(stage => stage.Code == 0).Select(stage => stage.Name),
            Does.Contain("family-bf16x3-weights").And.Contain("big-bf16-weights").And.Contain("kernels")
        );
        Assert.That(
            Saved("right")["first-right/stages.jsonl"],
            Is.EqualTo(File.ReadAllText(Path.Combine(Out, "first-right.jsonl")))
        );

        // Steps before layers, in the order of what matters most.
        Assert.That(Start("fast", ("FIRST_ONLY", "step|profile|layers")), Is.Zero, Log("fast"));
        Assert.That(
            Stages("fast").Select(stage => stage.Name),
            Is.EqualTo(
                new[] { "step-dilated2d", "step-unet3d", "profile-dilated2d", "profile-unet3d", "layers-ours", "layers-cudnn" }
            )
        );
        Assert.That(Directory.GetFileSystemEntries(Out), Has.Length.LessThanOrEqualTo(8), "what comes home");
    }

    [Test]
    public void What_was_done_before_the_machine_goes_is_saved()
    {
        Script("unpairedseg", "sleep 60");
        using Process script = Launch("right", ("FIRST_ONLY", "smi|info"));
        Assert.That(() => File.Exists(Path.Combine(Out, "first-right.tgz")), Is.True.After(20_000, 100));
        script.Kill(entireProcessTree: true);
        script.WaitForExit();
        Assert.That(Saved("right")["first-right/smi.log"], Is.EqualTo("Fake GPU 0\n"));
    }

    [Test]
    public void Nothing_starts_when_the_seconds_are_over()
    {
        Script("unpairedseg", "sleep 60");
        Assert.That(Start("fast", ("FIRST_SECONDS", "1"), ("FIRST_ONLY", "step")), Is.EqualTo(1));
        Assert.That(Stages("fast").Select(stage => stage.Last), Has.All.EqualTo("not run: the 1 seconds are over"));
    }

    [Test]
    public void Wrong_calls_are_one_line()
    {
        Script("unpairedseg", "exit 1");
        Assert.That(Start("soon"), Is.EqualTo(2));
        File.Delete(Path.Combine(Bin, "unpairedseg"));
        Assert.That(Start("right"), Is.EqualTo(2));
    }

    /// <summary>The program with images, which the fake driver takes for what they are named.</summary>
    private string CopyProgram()
    {
        string program = Path.Combine(Bin, "program"),
            kernels = Path.Combine(program, "kernels");
        foreach (
            string source in Directory
                .GetFiles(Here)
                .Concat(Directory.GetFiles(Path.Combine(Here, "kernels"), "*", SearchOption.AllDirectories))
        )
        {
            string target = Path.Combine(program, Path.GetRelativePath(Here, source));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target);
        }

        Directory.CreateSymbolicLink(Path.Combine(program, "runtimes"), Path.Combine(Here, "runtimes")); // half a gigabyte
        Directory.CreateDirectory(Path.Combine(kernels, "images"));
        foreach (string source in Directory.GetFiles(kernels, "*.cu", SearchOption.AllDirectories))
        {
            string file = Path.ChangeExtension(Path.GetRelativePath(kernels, source), null).Replace('/', '.');
            File.WriteAllBytes(Path.Combine(kernels, "images", $"{file}.sm_90a.cubin"), "\u007fELF"u8);
        }

        return Path.Combine(program, Path.GetFileName(typeof(Program).Assembly.Location));
    }

    /// <summary>As tools/bundle.sh builds it, and its kernels for the emulator.</summary>
    private void BuildProbe(string fake)
    {
        string probe = Path.Combine(Root, "tools", "gpu-probe"),
            kernels = Path.Combine(Root, "kernels");
        Compile([
            "-std=c++17",
            "-O1",
            $"-I{Root}/bench/cuda",
            $"{probe}/probe.cpp",
            $"{probe}/driver.cpp",
            "-o",
            Path.Combine(Bin, "probe"),
            "-ldl",
        ]);
        Compile([
            "-std=c++17",
            "-O1",
            "-DCUDA_EMULATION",
            "-w",
            "-fno-strict-aliasing",
            "-fPIC",
            "-shared",
            "-pthread",
            $"-I{kernels}",
            $"-I{probe}",
            .. Directory.GetFiles(Path.Combine(kernels, "emulation"), "*.cpp"),
            "-x",
            "c++",
            $"{probe}/probe.cu",
            "-o",
            Path.Combine(Bin, "libprobe_kernels.so"),
        ]);
        File.Copy(fake, Path.Combine(Bin, "libcuda.so.1"));
        File.WriteAllBytes(Path.Combine(Bin, "probe.sm_90a.cubin"), "\u007fELF"u8);
        Script("gpu_probe", $"LD_LIBRARY_PATH='{Bin}' FAKE_CUDA_KERNELS='{Bin}/libprobe_kernels.so' exec '{Bin}/probe' \"$@\"");
    }

    private static void Compile(string[] arguments)
    {
        using Process compiler = Process.Start("g++", arguments);
        compiler.WaitForExit();
        Assert.That(compiler.ExitCode, Is.Zero);
    }

    private void Script(string name, string text) => ShellScript.Write(Path.Combine(Bin, name), text);

    private Process Launch(string part, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Bin, "..", "gpu-first.sh"), part, Out])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{Bin}:{Environment.GetEnvironmentVariable("PATH")}";
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private int Start(string part, params (string Name, string Value)[] variables)
    {
        using Process script = Launch(part, variables);
        Task<string> errors = script.StandardError.ReadToEndAsync();
        TestContext.Out.WriteLine(script.StandardOutput.ReadToEnd() + errors.Result);
        script.WaitForExit();
        return script.ExitCode;
    }

    private IEnumerable<(string Name, int Code, string Last)> Stages(string part) =>
        File.ReadAllLines(Path.Combine(Out, $"first-{part}.jsonl"))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))
            .Select(stage =>
                (
                    stage.GetProperty("stage").GetString()!,
                    stage.GetProperty("rc").GetInt32(),
                    stage.GetProperty("last").GetString()!
                )
            );

    /// <summary>Files of the archive by name.</summary>
    private Dictionary<string, string> Saved(string part)
    {
        using FileStream file = File.OpenRead(Path.Combine(Out, $"first-{part}.tgz"));
        using var archive = new TarReader(new GZipStream(file, CompressionMode.Decompress));
        var files = new Dictionary<string, string>();
        while (archive.GetNextEntry() is { } entry)
        {
            if (entry.EntryType == TarEntryType.RegularFile)
                files[entry.Name] = entry.DataStream is null ? "" : new StreamReader(entry.DataStream).ReadToEnd();
        }

        return files;
    }

    private string Log(string part) =>
        File.Exists(Path.Combine(Out, $"first-{part}.tgz"))
            ? string.Concat(Saved(part).Select(file => $"== {file.Key}\n{file.Value}\n"))
            : "nothing was saved";
}
