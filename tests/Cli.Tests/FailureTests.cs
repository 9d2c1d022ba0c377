using System.IO.Compression;
using System.Text.RegularExpressions;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Exit codes of exceptions: what a user did, what a file or the machine did, and faults of the program.</summary>
internal sealed partial class FailureTests
{
    private static readonly Exception[] OfTheMachine =
    [
        new OutOfMemoryException(),
        new InsufficientMemoryException(),
        new IOException("Cannot allocate memory", 12),
        ZlibWithoutMemory(),
        new InvalidDataException("x.nii.gz: damaged", ZlibWithoutMemory()),
    ];

    [Test]
    public void A_fault_is_one_line_and_a_log_with_the_stack_trace()
    {
        (int code, string line) = Report(new ArgumentException("tensor of 3"));
        Assert.That(code, Is.EqualTo(70));
        Assert.That(line.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
        string log = LogFile().Match(line).Value;
        string text = File.ReadAllText(log);
        File.Delete(log);
        Assert.That(line, Does.Contain("ArgumentException: tensor of 3"));
        Assert.That(
            text,
            Does.Contain("arguments: verb --option")
                .And.Contain("System.ArgumentException: tensor of 3")
                .And.Contain(nameof(FailureTests))
        );
    }

    [Test]
    public void What_a_user_typed_is_usage() =>
        Assert.That(Report(new UsageException("--x is 3")), Is.EqualTo((2, $"unpairedseg: --x is 3{Environment.NewLine}")));

    [TestCaseSource(nameof(OfTheMachine))]
    public void Memory_that_fails_is_told_as_such(Exception exception) => Assert.That(Report(exception).Code, Is.EqualTo(4));

    [Test]
    public void Of_parallel_work_the_cause_is_told_and_not_what_it_cancelled()
    {
        var several = new AggregateException(
            new OperationCanceledException(),
            new AggregateException(new InvalidDataException("bad case"))
        );
        Assert.That(Report(several), Is.EqualTo((3, $"unpairedseg: bad case{Environment.NewLine}")));
        Assert.That(Report(new AggregateException(new OperationCanceledException("stopped"))).Code, Is.EqualTo(130));
    }

    [Test]
    public void Text_of_foreign_files_stays_on_the_line() =>
        Assert.That(
            Report(new InvalidDataException("a\nb\u2028c\u001B[31md\0")).Line.TrimEnd(),
            Is.EqualTo("unpairedseg: a b c [31md")
        );

    private static (int Code, string Line) Report(Exception exception)
    {
        TextWriter errors = Console.Error;
        using var written = new StringWriter();
        try
        {
            Console.SetError(written);
            try
            {
                throw exception;
            }
            catch (Exception thrown)
            {
                return (Failure.Report(thrown, ["verb", "--option"]), written.ToString());
            }
        }
        finally
        {
            Console.SetError(errors);
        }
    }

    private static Exception ZlibWithoutMemory() =>
        (Exception)
            Activator.CreateInstance(
                typeof(GZipStream).Assembly.GetType("System.IO.Compression.ZLibException")!,
                "The underlying compression routine could not reserve sufficient memory.",
                "inflate_",
                -4,
                ""
            )!;

    [GeneratedRegex(@"/\S+unpairedseg-fault-[\d-]+\.log")]
    private static partial Regex LogFile();
}
