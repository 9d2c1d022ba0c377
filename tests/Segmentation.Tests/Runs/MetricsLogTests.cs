using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

public sealed class MetricsLogTests
{
    private static readonly FixedClock Clock = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_500));

    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void AllThreeFilesHoldTheValues()
    {
        RunFolder run = NewRun("run");
        using (var log = new MetricsLog(run, clock: Clock))
        {
            log.Write(10, new("loss/total", 1.5), new("dice/CT/a,\"b\"", 0.25));
            log.Write(20, new KeyValuePair<string, double>("loss/total", double.NaN));
        }

        List<EventFileParser.ParsedEvent> events = EventFileParser.Parse(File.ReadAllBytes(EventFile(run)));
        Assert.Multiple(() =>
        {
            Assert.That(
                File.ReadAllText(run.MetricsJsonPath),
                Is.EqualTo(
                    "{\"step\":10,\"wall_time\":1700000000.5,\"loss/total\":1.5,\"dice/CT/a,\\u0022b\\u0022\":0.25}\n{\"step\":20,\"wall_time\":1700000000.5,\"loss/total\":null}\n"
                )
            );
            Assert.That(
                File.ReadAllText(run.MetricsCsvPath),
                Is.EqualTo("step,name,value\n10,loss/total,1.5\n10,\"dice/CT/a,\"\"b\"\"\",0.25\n20,loss/total,NaN\n")
            );
            Assert.That(events.Select(e => e.Step), Is.EqualTo(new[] { 0L, 10, 20 }));
            Assert.That(events.Select(e => e.WallTime), Is.All.EqualTo(1_700_000_000.5));
            Assert.That(events[0].FileVersion, Is.EqualTo("brain.Event:2"));
            Assert.That(events[1].Values, Is.EqualTo(new[] { ("loss/total", 1.5f), ("dice/CT/a,\"b\"", 0.25f) }));
            Assert.That(Path.GetFileName(EventFile(run)), Does.StartWith("events.out.tfevents.1700000000."));
        });
    }

    [Test]
    public void AZeroIsWrittenToTensorBoard()
    {
        RunFolder run = NewRun("zero");
        using (var log = new MetricsLog(run))
            log.Write(1, new KeyValuePair<string, double>("x", 0));
        Assert.That(EventFileParser.Parse(File.ReadAllBytes(EventFile(run)))[1].Values, Is.EqualTo(new[] { ("x", 0f) }));
    }

    [TestCase(7, false)]
    [TestCase(7, true)]
    [TestCase(20, true)]
    [TestCase(0, true)]
    public void AResumedRunsFilesEqualAnUninterruptedOnes(int lastCheckpoint, bool cutLastRecord)
    {
        RunFolder whole = NewRun("whole"),
            resumed = NewRun("resumed");
        Log(whole, 0, 1, 20);
        Log(resumed, 0, 1, 20);
        if (cutLastRecord)
        {
            // A crash while step 21 was recorded.
            Log(resumed, 20, 21, 21);
            foreach (string path in new[] { resumed.MetricsJsonPath, resumed.MetricsCsvPath, EventFile(resumed) })
            {
                using FileStream file = File.OpenWrite(path);
                file.SetLength(file.Length - 3);
            }
        }

        Log(resumed, lastCheckpoint, lastCheckpoint + 1, 20);
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllBytes(resumed.MetricsJsonPath), Is.EqualTo(File.ReadAllBytes(whole.MetricsJsonPath)));
            Assert.That(File.ReadAllBytes(resumed.MetricsCsvPath), Is.EqualTo(File.ReadAllBytes(whole.MetricsCsvPath)));
            Assert.That(File.ReadAllBytes(EventFile(resumed)), Is.EqualTo(File.ReadAllBytes(EventFile(whole))));
            Assert.That(MetricsLog.Read(resumed).Select(record => record.Step), Is.EqualTo(Enumerable.Range(1, 20)));
        });
    }

    [TestCase("{\"step\":1}\n{\"step\":")]
    [TestCase("{}\n")]
    [TestCase("[]\n")]
    [TestCase("{\"step\":\"1\"}\n")]
    public void ADamagedLineIsNamed(string text)
    {
        RunFolder run = NewRun("damaged");
        File.WriteAllText(run.MetricsJsonPath, text);
        Assert.That(
            () => MetricsLog.Read(run),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains($"{run.MetricsJsonPath}:{text.Split('\n').Length - (text.EndsWith('\n') ? 1 : 0)}:")
        );
    }

    private static void Log(RunFolder run, long after, int first, int last)
    {
        using var log = new MetricsLog(run, after, Clock);
        for (int step = first; step <= last; step++)
            log.Write(step, new("loss/total", 1.0 / step), new("dice/CT/liver", step / 20.0));
    }

    private static string EventFile(RunFolder run) => Directory.EnumerateFiles(run.Path, "events.out.tfevents.*").Single();

    private RunFolder NewRun(string name) => RunFolder.Create(folder.File(name), new TrainingConfig(), RunInfo.OfThisProcess([]));
}
