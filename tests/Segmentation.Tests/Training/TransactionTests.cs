using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>A step happens or it does not: whatever fails in it, a run that is resumed ends as if nothing had failed.</summary>
internal sealed class TransactionTests
{
    /// <summary>Of some thousand requests of a run; all of them are for a longer hour: UNPAIREDSEG_FAULTS=2000.</summary>
    private static readonly int Faults = int.TryParse(Environment.GetEnvironmentVariable("UNPAIREDSEG_FAULTS"), out int faults)
        ? faults
        : 4;

    private const string SmallImages = "data.size=16";

    private readonly TinyRuns runs = new();

    [OneTimeTearDown]
    public void Delete() => runs.Dispose();

    [Test]
    public void Memory_that_fails_at_any_request_changes_nothing_in_the_end()
    {
        FailingMemory counted = null!;
        runs.Train("whole", resume: false, memory: memory => counted = new FailingMemory(memory, 0), sets: [SmallImages]);
        byte[][] expected = runs.EndOf("whole");
        string[][] records = runs.RecordsOf("whole");

        int stopped = 0;
        for (int fault = 0; fault < Faults; fault++)
        {
            // Spread over the run, at another place of a step each time.
            long failing = 1 + (((counted.Requests - 1) * fault / Faults) + (fault * 37 % 101)) % counted.Requests;
            string name = $"fault-{fault}";
            try
            {
                runs.Train(name, resume: false, memory: memory => new FailingMemory(memory, failing), sets: [SmallImages]);
            }
            catch (OutOfMemoryException)
            {
                stopped++;
                runs.Train(name, resume: true);
            }

            Assert.That(runs.EndOf(name), Is.EqualTo(expected), $"request {failing} of {counted.Requests}");
            Assert.That(runs.RecordsOf(name), Is.EqualTo(records), $"request {failing} of {counted.Requests}");
            Assert.That(
                Directory.GetDirectories(runs.PathOf(name, "checkpoints"), "best-*").Select(Path.GetFileName),
                Is.EqualTo(Directory.GetDirectories(runs.PathOf("whole", "checkpoints"), "best-*").Select(Path.GetFileName))
            );
            Directory.Delete(runs.PathOf(name), recursive: true);
        }

        Assert.That(stopped, Is.GreaterThan(Faults / 2), "a step is stopped; a validation goes on with smaller batches");
    }

    [TestCase("optimizer.learning_rate=1e6", TestName = "A learning rate of a million")]
    [TestCase("optimizer.learning_rate=1e30", TestName = "A learning rate of 1e30")]
    [TestCase("loss.kd.temperature=1e-30", TestName = "A temperature of 1e-30")]
    [TestCase("loss.dice_weight=1e30", TestName = "A Dice weight of 1e30")]
    public void What_is_no_number_is_not_saved(string set)
    {
        string name = set.Replace('=', '-');
        try
        {
            runs.Train(name, resume: false, sets: [set]);
        }
        catch (NumericFailureException failure)
        {
            Assert.That(
                failure.Message,
                Does.Contain("--resume --from").Or.Contain("nothing was saved yet").And.Not.Contain("\n")
            );
        }

        foreach (
            string checkpoint in Directory.Exists(runs.PathOf(name, "checkpoints"))
                ? Directory.GetDirectories(runs.PathOf(name, "checkpoints"))
                : []
        )
        {
            foreach (string file in Directory.GetFiles(checkpoint, "*.safetensors"))
            {
                Assert.That(
                    SafetensorsFile
                        .Read(file)
                        .Arrays.Where(array => !FiniteTensors.IsFinite(array.Bytes.Span, array.DType))
                        .Select(array => array.Name),
                    Is.Empty,
                    file
                );
            }
        }
    }
}
