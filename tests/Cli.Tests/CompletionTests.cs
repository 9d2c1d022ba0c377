using System.Diagnostics;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>What shells complete.</summary>
internal sealed class CompletionTests : CommandLine
{
    [TestCase("", "plan train", "--version")]
    [TestCase("train --da", "--data", "--data")]
    [TestCase("train --config st", "strong", "strong")]
    [TestCase("train --precision ", "fp32 bf16x6 bf16x3 bf16", "bf16")]
    [TestCase("train --data ", "", "")]
    [TestCase("experiment p", "plan", "plan")]
    [TestCase("experiment plan --ju", "--judge", "--judge")]
    [TestCase("evaluate --split t", "test", "test")]
    public void Bash_completes(string typed, string begins, string ends)
    {
        if (!File.Exists("/bin/bash"))
            Assert.Ignore("no bash on this machine");
        string[] words = ["unpairedseg", .. typed.Split(' ')];
        string script =
            $"{Run("completion", "bash").Output}\nCOMP_WORDS=({string.Join(' ', words.Select(word => $"'{word}'"))})\n"
            + $"COMP_CWORD={words.Length - 1}\n_unpairedseg\necho \"${{COMPREPLY[*]}}\"\n";
        string completed = Bash(script).Trim();
        Assert.That(completed, begins.Length == 0 ? Is.Empty : Does.StartWith(begins).And.EndWith(ends));
    }

    [Test]
    public void Other_shells_have_all_commands()
    {
        string fish = Run("completion", "fish").Output;
        Assert.That(Run("completion", "zsh").Output, Does.StartWith("autoload").And.Contain("complete -o default"));
        Assert.That(fish, Does.Contain("-a train -d 'Train").And.Contain("-l precision -x -a 'fp32 bf16x6 bf16x3 bf16'"));
        RequireOneLine(Run("completion"), 2, "completion: bash, zsh, fish is missing");
        RequireOneLine(Run("completion", "tcsh"), 2, "'tcsh' is none of bash, zsh, fish");
    }

    private static string Bash(string script)
    {
        using var bash = Process.Start(
            new ProcessStartInfo("/bin/bash", ["--norc", "-s"]) { RedirectStandardInput = true, RedirectStandardOutput = true }
        )!;
        bash.StandardInput.Write(script);
        bash.StandardInput.Close();
        string output = bash.StandardOutput.ReadToEnd();
        bash.WaitForExit();
        return output;
    }
}
