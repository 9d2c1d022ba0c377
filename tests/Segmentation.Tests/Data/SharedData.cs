namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>Finds the verification data beside the repository; tests on it are ignored where it is absent.</summary>
internal static class SharedData
{
    public static string PathOf(string relative)
    {
        for (DirectoryInfo? folder = new(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "data", relative);
            if (Path.Exists(candidate))
                return candidate;
        }
        Assert.Ignore($"shared/data/{relative} is not beside the repository");
        return "";
    }
}
