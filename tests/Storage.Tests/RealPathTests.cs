namespace UnpairedSegEngine.Storage.Tests;

internal sealed class RealPathTests
{
    private string folder = "";

    [SetUp]
    public void Create() => folder = RealPath.Of(Directory.CreateTempSubdirectory("storage-tests-").FullName);

    [TearDown]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [Test]
    public void Links_anywhere_in_a_path_are_followed()
    {
        Directory.CreateDirectory(Path.Combine(folder, "a", "b"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "one"), "a");
        Directory.CreateSymbolicLink(Path.Combine(folder, "two"), Path.Combine(folder, "one", "b"));
        Assert.That(RealPath.Of(Path.Combine(folder, "two", "new.txt")), Is.EqualTo(Path.Combine(folder, "a", "b", "new.txt")));
        Assert.That(RealPath.Of(Path.Combine(folder, "one", "..", "a") + "/"), Is.EqualTo(Path.Combine(folder, "a")));
    }

    [Test]
    public void A_circle_of_links_is_refused()
    {
        File.CreateSymbolicLink(Path.Combine(folder, "x"), "y");
        File.CreateSymbolicLink(Path.Combine(folder, "y"), "x");
        Assert.That(() => RealPath.Of(Path.Combine(folder, "x")), Throws.TypeOf<IOException>().With.Message.Contains("circles"));
    }
}
