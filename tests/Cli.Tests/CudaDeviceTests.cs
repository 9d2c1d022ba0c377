using System.Diagnostics;
using UnpairedSegEngine.Backends.Cuda;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>
/// The program on the fake CUDA driver, in processes of their own: a driver's library is loaded once. The fake runs kernels in
/// the emulator, so that everything between
/// the command line and the kernels is what runs on a GPU: ILGPU's context and memory, NVRTC's images, our bindings, every
/// launch.
/// </summary>
internal sealed class CudaDeviceTests : CommandLine
{
    private static readonly string Fake = Path.Combine(AppContext.BaseDirectory, "libfake_cuda.so");

    [Test]
    public void Training_on_a_gpu_with_captured_steps_equals_launched_steps_on_the_emulated_one_bit_for_bit()
    {
        RequireFake();
        (int code, string output, string errors) = TrainOn("cuda", "--steps", "3", "--network", "unet3d");
        if (code != 0 && errors.Contains("NVRTC was not found", StringComparison.Ordinal))
            Assert.Ignore(errors.Trim());
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("Fake GPU 0 (driver api 13.0)").And.Contain("a step is a graph of "));
        (code, output, _) = TrainOn("emulated", "--steps", "3", "--network", "unet3d", "--no-graph");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Not.Contain("graph"));
        foreach (string file in new[] { "weights.safetensors", "optimizer.safetensors" })
            Assert.That(File.ReadAllBytes(Newest("cuda", file)), Is.EqualTo(File.ReadAllBytes(Newest("emulated", file))), file);
    }

    [TestCase(
        "",
        "",
        "no CUDA driver on this machine (libcuda.so.1 was not found); install NVIDIA's driver, or use --device cpu"
    )]
    [TestCase("FAKE_CUDA_VERSION", "11040", "the CUDA driver supports CUDA 11.4, but 12.0 is needed")]
    [TestCase("FAKE_CUDA_DEVICES", "0", "CUDA_ERROR_NO_DEVICE")]
    [TestCase("FAKE_CUDA_IMAGE", "209", "CUDA_ERROR_NO_BINARY_FOR_GPU")]
    [TestCase("UNPAIREDSEG_NVRTC", "/nowhere", "NVRTC was not found")]
    [TestCase("FAKE_CUDA_LAUNCH", "700", "the GPU's context is lost")]
    public void Bad_situations_are_one_line(string variable, string value, string message)
    {
        RequireFake();
        var variables = new List<(string, string)> { ("XDG_CACHE_HOME", PathOf("no-cache")) };
        if (variable.Length > 0)
            variables.Add((variable, value));
        else
            variables.Add(("UNPAIREDSEG_CUDA_LIBRARY", "/nowhere/libcuda.so.1"));
        (int code, string output, string errors) result = RunProcess(
            variables,
            [.. TrainArguments("cuda", $"bad-{variable}{value.Length}")]
        );
        if (variable is "FAKE_CUDA_IMAGE" or "FAKE_CUDA_LAUNCH")
            IgnoreWithoutImages(result);
        RequireOneLine(result, ExitCode.Device, message);
        if (variable is not "FAKE_CUDA_LAUNCH")
            Assert.That(Directory.Exists(PathOf($"bad-{variable}{value.Length}")), Is.False, "a run folder was left behind");
    }

    [Test]
    public void Too_little_device_memory_is_one_line()
    {
        RequireFake();
        (int code, string output, string errors) result = RunProcess(
            [("FAKE_CUDA_MEMORY", "100000")],
            [.. TrainArguments("cuda", "no-memory")]
        );
        IgnoreWithoutImages(result);
        RequireOneLine(
            result,
            ExitCode.OutOfMemory,
            "the device has no room for",
            "use a smaller batch, image size or channel count"
        );
    }

    [Test]
    public void Unknown_devices_and_precisions_of_other_devices_are_refused()
    {
        RequireOneLine(Run([.. TrainArguments("gpu", "x1")]), ExitCode.Usage, "--device gpu is not known; choose cpu, cuda");
        RequireOneLine(
            Run([.. TrainArguments("cpu", "x2"), "--precision", "bf16x3"]),
            ExitCode.Usage,
            "--precision bf16x3 is for --device cuda; device cpu computes in fp32, or rounds as the CUDA kernels do in bf16"
        );
        RequireOneLine(
            Run([.. TrainArguments("ilgpu", "x3"), "--precision", "bf16"]),
            ExitCode.Usage,
            "--precision bf16 is for --device cuda; device ilgpu computes in fp32"
        );
    }

    [Test]
    public void A_step_is_profiled_by_events_against_the_gpus_clocks()
    {
        RequireFake();
        (int code, string output, string errors) result = RunProcess(
            [],
            [
                "profile",
                "--device",
                "cuda",
                "--kernels",
                "--set",
                "network.name=unet3d",
                "network.channels=2",
                "data.size=8",
                "data.depth=8",
                "training.batch=1",
            ]
        );
        IgnoreWithoutImages(result);
        Assert.That(result.code, Is.Zero, result.errors);
        // 4 multiprocessors of 128 lanes at 1.98 GHz; 6144 bits at 2 x 2.619 GHz.
        Assert.That(result.output, Does.Contain("peaks by its highest clocks: 2028 GFLOP/s, 4023 GB/s").And.Contain("adam"));
    }

    private static void IgnoreWithoutImages((int code, string output, string errors) result)
    {
        if (result.errors.Contains("NVRTC was not found", StringComparison.Ordinal))
            Assert.Ignore(result.errors.Trim());
    }

    private static void RequireFake()
    {
        if (!File.Exists(Fake))
            Assert.Ignore("the fake CUDA driver was not built: CMake or a C compiler is missing");
        if (CudaBackend.EmulationUnavailableReason is { } reason)
            Assert.Ignore(reason);
    }

    private string[] TrainArguments(string device, string run, params IReadOnlyList<string> more) =>
        TrainCommand(Data, PathOf(run), ["--size", "16", "--device", device, .. more]);

    private (int Code, string Output, string Errors) TrainOn(string device, params IReadOnlyList<string> more) =>
        RunProcess([], TrainArguments(device, device, more));

    private string Newest(string run, string file) =>
        Directory.GetFiles(PathOf(run), file, SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();

    private static (int Code, string Output, string Errors) RunProcess(
        IReadOnlyList<(string Name, string Value)> variables,
        string[] arguments
    )
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["UNPAIREDSEG_CUDA_LIBRARY"] = Fake;
        start.Environment["FAKE_CUDA_KERNELS"] = Path.Combine(AppContext.BaseDirectory, "kernels", "libemulated_kernels.so");
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
