namespace UnpairedSegEngine.Tests;

/// <summary>Looks for files from the tests' own folder upwards.</summary>
internal static class Upwards
{
    /// <summary>The nearest file or folder of that relative path; null where no folder on the way up has it.</summary>
    public static string? Find(string relative)
    {
        for (DirectoryInfo? folder = new(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, relative);
            if (Path.Exists(candidate))
                return candidate;
        }

        return null;
    }
}
