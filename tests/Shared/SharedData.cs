namespace UnpairedSegEngine.Tests;

/// <summary>Verification data that lie in <c>shared/data</c> beside the repository, on machines that have them.</summary>
internal static class SharedData
{
    /// <summary>The path of a shared file or folder; ignores the running test where it is absent.</summary>
    public static string Require(string relative)
    {
        string? path = Find(relative);
        if (path is null)
            Assert.Ignore($"shared/data/{relative} is not beside the repository");
        return path!;
    }

    public static string? Find(string relative) => Upwards.Find(Path.Combine("shared", "data", relative));
}
