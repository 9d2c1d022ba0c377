using System.Diagnostics;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>The program as a process whose streams fail: the work goes on, and the exit code says what was lost.</summary>
[Platform("Linux")]
internal sealed class ProcessTests : CommandLine
{
    private static readonly string Program = Path.Combine(TestContext.CurrentContext.TestDirectory, "unpairedseg.dll");

    [TestCase("full", "> /dev/full", 3, "No space left on device")]
    [TestCase("closed", ">&-", 3, "it was closed")]
    [TestCase("closed-all", ">&- 2>&- <&-", 3, "")]
    [TestCase("no-errors", "> /dev/null 2> /dev/full", 0, "")]
    public void Training_ends_though_its_output_is_lost(string run, string redirection, int code, string reason)
    {
        (int exit, _, string errors) = Shell($"{Training(run)} {redirection}");
        Assert.That(exit, Is.EqualTo(code), errors);
        Assert.That(errors, Does.Contain(reason));
        Assert.That(errors.Trim().Split('\n'), Has.Length.EqualTo(1));
        RequireFinished(run);
    }

    [Test]
    public void A_pipe_that_breaks_does_not_end_training()
    {
        (_, string output, string errors) = Shell($"{{ {Training("pipe")}; echo code $? >&2; }} | head -n 1");
        Assert.That(output.Trim().Split('\n'), Has.Length.EqualTo(1));
        Assert.That(errors, Does.Contain("Broken pipe").And.Contain("code 3"));
        RequireFinished("pipe");
    }

    [Test]
    public void Too_few_open_files_are_told_before_anything_is_written()
    {
        (int exit, _, string errors) = Shell($"ulimit -n 64; {Training("files")}");
        Assert.That(
            (exit, errors.Trim()),
            Is.EqualTo(
                (3, "unpairedseg: only 64 files may be open at a time, and 256 are needed; raise the limit with: ulimit -n 1024")
            )
        );
        Assert.That(Directory.Exists(PathOf("files")), Is.False);
    }

    [Test]
    public void Output_and_errors_in_one_file_stay_in_order_and_have_no_byte_order_mark()
    {
        string file = PathOf("both.txt");
        Assert.That(
            Shell(
                $"echo first > {file}; {Command("--version")} >> {file} 2>&1; {Command("inspect /nowhere")} >> {file} 2>&1"
            ).Exit,
            Is.EqualTo(3)
        );
        string[] lines = File.ReadAllLines(file);
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(
            (lines[0], lines[1][..12], lines[2]),
            Is.EqualTo(("first", "unpairedseg ", "unpairedseg: '/nowhere': no such file or folder"))
        );
    }

    private static string Command(string arguments) => $"dotnet '{Program}' {arguments}";

    private string Training(string run) =>
        Command(
            $"train --data '{Data}' --out '{PathOf(run)}' --channels 2 --size 32 --batch 1 --steps 3 --set training.log_every=1"
        );

    private void RequireFinished(string run)
    {
        Assert.That(
            Directory.GetDirectories(Path.Combine(PathOf(run), "checkpoints")).Select(path => Path.GetFileName(path)),
            Does.Contain("step-00000003")
        );
        Assert.That(
            File.ReadAllLines(Path.Combine(PathOf(run), "metrics.jsonl")).Select(line => line[^1]),
            Has.All.EqualTo('}'),
            "nothing else was written into it"
        );
        (int code, _, string errors) = Run("evaluate", "--run", PathOf(run), "--data", Data);
        Assert.That(code, Is.Zero, errors);
    }

    private static (int Exit, string Output, string Errors) Shell(string script)
    {
        using var process = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.Result, errors.Result);
    }
}
