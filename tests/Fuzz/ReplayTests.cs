namespace UnpairedSegEngine.Fuzz;

/// <summary>What the fuzzers found stays mended, and a few thousand new inputs are clean.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class ReplayTests
{
    private const int Executions = 1000;

    private static IEnumerable<TestCaseData> Corpus =>
        from target in Targets.Targets.All
        let folder = Path.Combine(AppContext.BaseDirectory, "Corpus", target.Name)
        where Directory.Exists(folder)
        from path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)
        select new TestCaseData(target.Name, path).SetArgDisplayNames(target.Name, Path.GetFileName(path));

    private static IEnumerable<TestCaseData> Large =>
        LargeInputs.All.Select(input => new TestCaseData(input.Target, input.Bytes).SetArgDisplayNames(input.Target, input.Name));

    private static IEnumerable<string> Names => Targets.Targets.All.Select(target => target.Name);

    [TestCaseSource(nameof(Corpus))]
    public void AFoundInputIsClean(string name, string path) => RequireClean(name, File.ReadAllBytes(path));

    [TestCaseSource(nameof(Large))]
    public void ALargeInputIsClean(string name, Func<byte[]> bytes) => RequireClean(name, bytes());

    [TestCaseSource(nameof(Names))]
    public void NewInputsAreClean(string name)
    {
        var run = new FuzzRun(TargetOf(name), seed: 20260101);
        run.Run(Executions);
        TestContext.Out.WriteLine(run);
        Assert.Multiple(() =>
        {
            Assert.That(run.Executions, Is.EqualTo(Executions));
            Assert.That(run.Accepted, Is.GreaterThan(0), "valid inputs are refused");
            Assert.That(run.Faults.Select(fault => $"{fault.Key}: {Convert.ToBase64String(fault.Value.Input)}"), Is.Empty);
        });
    }

    [TestCaseSource(nameof(Names))]
    public void ValidInputsAreAccepted(string name)
    {
        FuzzTarget target = TargetOf(name);
        using var folder = new ScratchFolder();
        target.Prepare(folder.Path);
        foreach (byte[] input in target.Seeds)
            Assert.That(Outcome.Of(target, input, folder.Path).Signature, Is.EqualTo("accepted"));
    }

    private static void RequireClean(string name, byte[] input)
    {
        FuzzTarget target = TargetOf(name);
        using var folder = new ScratchFolder();
        target.Prepare(folder.Path);
        Outcome outcome = Outcome.Of(target, input, folder.Path);
        Assert.That(outcome.Fault, Is.Null, outcome.ToString());
    }

    private static FuzzTarget TargetOf(string name) => Targets.Targets.All.Single(target => target.Name == name);
}
