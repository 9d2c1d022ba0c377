using System.Diagnostics;
using System.Globalization;

namespace UnpairedSegEngine.Storage.Tests;

public sealed class FolderLockTests
{
    private string folder = "";

    private string LockFile => Path.Combine(folder, FolderLock.FileName);

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("lock-tests-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public void Of_two_that_want_a_folder_the_second_is_told_who_has_it()
    {
        using FolderLock held = FolderLock.Take(folder);
        Assert.That(
            () => FolderLock.Take(folder),
            Throws
                .InstanceOf<IOException>()
                .With.Message.Contains(folder)
                .And.Message.Contains($"process {Environment.ProcessId} on host {Environment.MachineName}")
        );
    }

    [Test]
    public void What_was_given_back_can_be_taken_without_a_note()
    {
        var notes = new List<string>();
        FolderLock.Take(folder).Dispose();
        FolderLock.Take(folder, notes.Add).Dispose();
        Assert.That(notes, Is.Empty);
        Assert.That(new FileInfo(LockFile).Length, Is.Zero);
    }

    [Test]
    public void A_lock_of_a_process_that_is_gone_is_taken_over_with_a_note()
    {
        using Process process = Process.Start("true");
        process.WaitForExit();
        Leave(process.Id, Environment.MachineName, DateTime.UtcNow.Ticks);
        var notes = new List<string>();
        FolderLock.Take(folder, notes.Add).Dispose();
        Assert.That(notes, Has.Count.EqualTo(1).And.One.Contains($"process {process.Id} on host"));
    }

    [Test]
    public void A_number_that_another_process_has_by_now_does_not_keep_the_lock()
    {
        // This process's own number, but of one that started long ago.
        Leave(Environment.ProcessId, Environment.MachineName, DateTime.UtcNow.AddDays(-3).Ticks);
        Assert.That(() => FolderLock.Take(folder).Dispose(), Throws.Nothing);
    }

    [Test]
    public void A_living_process_keeps_the_lock_also_where_the_file_system_has_none()
    {
        using Process process = Process.Start("sleep", "30");
        Leave(process.Id, Environment.MachineName, process.StartTime.ToUniversalTime().Ticks);
        Assert.That(
            () => FolderLock.Take(folder),
            Throws.InstanceOf<IOException>().With.Message.Contains($"process {process.Id}")
        );
        process.Kill();
        process.WaitForExit();
        Assert.That(() => FolderLock.Take(folder).Dispose(), Throws.Nothing);
    }

    [Test]
    public void A_process_on_another_host_keeps_it_while_it_gives_signs_of_life()
    {
        Leave(1, "elsewhere", 0);
        Assert.That(
            () => FolderLock.Take(folder),
            Throws.InstanceOf<IOException>().With.Message.Contains("process 1 on host elsewhere")
        );
        File.SetLastWriteTimeUtc(LockFile, DateTime.UtcNow.AddMinutes(-6));
        Assert.That(() => FolderLock.Take(folder).Dispose(), Throws.Nothing);
    }

    [TestCase("")]
    [TestCase("garbage")]
    [TestCase("1 2 3 4 5")]
    [TestCase("-7 host now")]
    public void What_names_no_process_keeps_nothing(string text)
    {
        File.WriteAllText(LockFile, text);
        Assert.That(() => FolderLock.Take(folder).Dispose(), Throws.Nothing);
    }

    private void Leave(int id, string host, long started) =>
        File.WriteAllText(LockFile, string.Create(CultureInfo.InvariantCulture, $"{id} {host} {started}\n"));
}
