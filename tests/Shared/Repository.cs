namespace UnpairedSegEngine.Tests;

/// <summary>The repository that the tests were built in.</summary>
internal static class Repository
{
    /// <summary>Its folder; null where the tests run elsewhere, as from a bundle.</summary>
    public static string? Found { get; } = Path.GetDirectoryName(Upwards.Find("UnpairedSegEngine.sln"));

    /// <summary>Its folder.</summary>
    /// <exception cref="InvalidOperationException">The tests run elsewhere.</exception>
    public static string Root => Found ?? throw new InvalidOperationException("the test must run inside the repository");
}
