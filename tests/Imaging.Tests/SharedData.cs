namespace UnpairedSegEngine.Imaging.Tests;

/// <summary>Verification data that lie in <c>shared/data</c> beside the repository, on machines that have them.</summary>
internal static class SharedData
{
    /// <summary>The path of a shared file or folder; ignores the running test where it is absent.</summary>
    public static string Require(string relative)
    {
        var path = Find(relative);
        if (path is null)
            Assert.Ignore($"shared/data/{relative} is not on this machine");
        return path!;
    }

    public static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "data", relative);
            if (Path.Exists(path))
                return path;
        }

        return null;
    }
}
