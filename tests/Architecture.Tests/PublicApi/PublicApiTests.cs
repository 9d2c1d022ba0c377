using System.Reflection;

namespace UnpairedSegEngine.Architecture.Tests.PublicApi;

/// <summary>
/// Holds what the packages show to others to the lists beside this file, so that a change of it is seen where it is made.
/// </summary>
public sealed class PublicApiTests
{
    private const string UpdateVariable = "UNPAIREDSEG_UPDATE_API";

    [TestCase("Storage")]
    [TestCase("Engine")]
    [TestCase("Training")]
    [TestCase("Imaging")]
    [TestCase("Segmentation")]
    public void A_package_shows_what_is_written_down(string package)
    {
        string file = Path.Combine(Repository.Root, "tests/Architecture.Tests/PublicApi", $"{package}.txt");
        string[] shown = ApiText.Of(Assembly.Load($"UnpairedSegEngine.{package}"));
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
            File.WriteAllLines(file, shown);
        string[] written = File.ReadAllLines(file);
        string[] differences =
        [
            .. written.Except(shown).Select(line => $"- {line}"),
            .. shown.Except(written).Select(line => $"+ {line}"),
        ];
        Assert.That(
            differences,
            Is.Empty,
            $"the public API of {package} is not that of tests/Architecture.Tests/PublicApi/{package}.txt (- gone, + new). If that is "
                + $"meant, say so in the commit and update: {UpdateVariable}=1 dotnet test -c Release tests/Architecture.Tests "
                + "--filter PublicApi"
        );
    }
}
