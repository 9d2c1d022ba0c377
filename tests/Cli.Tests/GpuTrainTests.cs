using UnpairedSegEngine.Backends.Cuda;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>
/// Rehearses tools/gpu-train.sh without a GPU: with the program on the emulated device, and with a stand-in whose time is over.
/// </summary>
[Platform("Linux")]
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class GpuTrainTests : CommandLine
{
    private const string Tiny = "network.channels=2 data.size=16 data.depth=8 data.spacing=12,12,15 training.batch=1";

    private static readonly string Real = $"dotnet {typeof(Program).Assembly.Location}";

    [OneTimeSetUp]
    public void RequireTools() => ShellScript.Require("bash", "timeout", "tar", "xz", "gzip");

    [Test]
    public void A_packed_dataset_is_trained_on_scored_and_packed_again()
    {
        if (CudaBackend.EmulationUnavailableReason is { } reason)
            Assert.Ignore(reason);
        (int code, string text) = Script(Real, "pack", Data, PathOf("packed.tar.xz"));
        Assert.That(code, Is.Zero, text);
        (code, text) = Script(
            Real,
            "run",
            PathOf("packed.tar.xz"),
            PathOf("out"),
            ("TRAIN_DEVICE", "emulated"),
            ("TRAIN_STEPS", "2"),
            ("TRAIN_VARIANTS", "joint-norm"),
            ("TRAIN_SETTINGS", Tiny)
        );
        Assert.That(code, Is.Zero, text);
        Assert.That(
            Directory.GetFiles(PathOf("out")).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { "train.tgz", "train.log", "weights-joint-norm-seed1-fold0.tgz" })
        );
        HashSet<string> files = ShellScript.FilesOf(PathOf("out/train.tgz"));
        Assert.That(
            files,
            Is.SupersetOf(new[] { "train/report.csv", "train/report.html", "train/runs/joint-norm-seed1-fold0/metrics.jsonl" })
        );
        Assert.That(files, Has.None.Contains("checkpoints"));
        Assert.That(
            ShellScript.FilesOf(PathOf("out/weights-joint-norm-seed1-fold0.tgz")),
            Is.EquivalentTo(
                new[]
                {
                    "joint-norm-seed1-fold0/model.json",
                    "joint-norm-seed1-fold0/checkpoints/step-00000002/weights.safetensors",
                }
            )
        );
        Assert.That(File.ReadAllText(PathOf("out/train.log")), Does.Contain("2 steps for each of joint-norm, seeds 1"));
    }

    /// <summary>One variant is finished, the other takes too long.</summary>
    [Test]
    public void What_there_is_comes_home_when_the_time_is_over()
    {
        string program = PathOf("stand-in"),
            packed = PathOf("stand-in.tar.xz");
        ShellScript.Write(
            program,
            """
            while [ $# -gt 0 ]; do [ "$1" = --out ] && out="$2"; words="$words $1"; shift; done
            case "$words" in
              *preprocess*) mkdir -p "$out" && echo volume | gzip > "$out/case.nii.gz" ;;
              *"experiment report"*) echo "unfinished: late" > "$out/report.md" ;;
              *experiment*)
                for run in early late; do
                  mkdir -p "$out/runs/$run/checkpoints/step-1"
                  echo $run > "$out/runs/$run/model.json"
                  [ $run = late ] && exec sleep 60
                  echo weights > "$out/runs/$run/checkpoints/step-1/weights.safetensors"
                done ;;
              *train*) mkdir -p "$out" && echo '{"step":1,"time/step_ms":100}' > "$out/metrics.jsonl" ;;
            esac
            """
        );
        Assert.That(Script(program, "pack", Data, packed).Code, Is.Zero);
        (int code, string text) = Script(program, "run", packed, PathOf("late"), ("TRAIN_SECONDS", "4"));
        Assert.That(code, Is.EqualTo(124), text);
        Assert.That(
            Directory.GetFiles(PathOf("late")).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { "train.tgz", "train.log", "weights-early.tgz" })
        );
        Assert.That(ShellScript.FilesOf(PathOf("late/train.tgz")), Does.Contain("train/report.md"));
        Assert.That(text, Does.Contain("exit code 124"));
    }

    [Test]
    public void Wrong_calls_are_one_line()
    {
        string nothing = PathOf("nothing");
        RequireOneWord(Script(Real, "pack"), "say 'pack DATA FILE' or 'run FILE OUT'");
        RequireOneWord(Script(Real, "fly", nothing, nothing), "say 'pack DATA FILE' or 'run FILE OUT'");
        RequireOneWord(Script("/no/program", "pack", Data, nothing), "/no/program is missing");
        File.WriteAllText(nothing, "");
        RequireOneWord(Script(Real, "run", nothing, PathOf("none"), ("TRAIN_CONFIG", "/no/config")), "/no/config is missing");
        Assert.That(Script(Real, "run", nothing, PathOf("none")).Text, Does.Contain("not what 'gpu-train.sh pack' made"));
        Assert.That(Script(Real, "pack", PathOf("gone"), PathOf("gone.tar.xz")).Code, Is.EqualTo(3));
    }

    private static void RequireOneWord((int Code, string Text) result, string part)
    {
        Assert.That(result.Code, Is.EqualTo(2), result.Text);
        Assert.That(result.Text.TrimEnd().Split('\n'), Has.Length.EqualTo(1), result.Text);
        Assert.That(result.Text, Does.StartWith("gpu-train: ").And.Contain(part));
    }

    private static (int Code, string Text) Script(
        string program,
        string action,
        string source = "",
        string target = "",
        params (string Name, string Value)[] variables
    ) =>
        ShellScript.Run(
            "gpu-train.sh",
            [action, source, target],
            [
                ("TRAIN_PROGRAM", program),
                ("TRAIN_CONFIG", Path.Combine(Repository.Root, "configs", "abdomen-ct-mr-3d-small.yaml")),
                .. variables,
            ]
        );
}
