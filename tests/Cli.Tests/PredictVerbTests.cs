using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Folders of volumes: what is predicted, what is refused, and what is never replaced.</summary>
internal sealed class PredictVerbTests : CommandLine
{
    private string TrainedRun => PathOf("run");

    private string Volume => Path.Combine(Data, "imagesTr", "ct_000_0000.nii.gz");

    [OneTimeSetUp]
    public void TrainOnce() => Assert.That(Train("run").Code, Is.Zero);

    [Test]
    public void A_bad_volume_does_not_stop_the_others()
    {
        string input = Inputs("bad", "a_0000.nii.gz", "._a_0000.nii.gz", "c.NII.GZ", "notes.txt"),
            output = PathOf("bad-out");
        File.WriteAllText(Path.Combine(input, "b.nii.gz"), "no volume");
        File.WriteAllText(Path.Combine(input, "._a_0000.nii.gz"), "AppleDouble");
        (int code, string text, string errors) = Predict(input, output);
        Assert.That(code, Is.EqualTo(3));
        Assert.That(Names(output), Is.EqualTo(new[] { "a.nii.gz", "c.nii.gz" }));
        Assert.That(text, Does.Contain("[2/3]").And.Contain("failed"));
        Assert.That(
            errors,
            Does.Contain("1 of 3 volumes were not predicted").And.Contain("b.nii.gz").And.Contain("1 file that is no NIfTI")
        );

        (code, text, _) = Predict(input, output, "--continue");
        Assert.That(code, Is.EqualTo(3));
        Assert.That(text.Split("(exists)"), Has.Length.EqualTo(3));
        File.Delete(Path.Combine(input, "b.nii.gz"));
        Assert.That(Predict(input, output, "--continue").Code, Is.Zero);
    }

    [Test]
    public void Nothing_is_replaced_unless_asked()
    {
        string input = Inputs("once", "a_0000.nii.gz", "b.nii.gz"),
            output = PathOf("once-out"),
            mine = Path.Combine(output, "b.nii");
        Directory.CreateDirectory(output);
        File.WriteAllText(mine, "mine");
        RequireOneLine(Predict(input, output), 2, "b.nii.gz' exists", "--continue", "--overwrite");
        Assert.That(Names(output), Is.EqualTo(new[] { "b.nii" }));
        File.Move(mine, mine + ".gz");
        RequireOneLine(Predict(input, output), 2, "b.nii.gz' exists");
        Assert.That(File.ReadAllText(mine + ".gz"), Is.EqualTo("mine"));
        RequireOneLine(Predict(input, output, "--overwrite", "--continue"), 2, "give one of them");
        Assert.That(Predict(input, output, "--overwrite").Code, Is.Zero);
        Assert.That(NiftiFile.Open(mine + ".gz").Geometry.X, Is.EqualTo(32));
        RequireOneLine(Predict(input, output), 2, "and 1 more");
    }

    [Test]
    public void Probabilities_are_results_too()
    {
        string input = Inputs("probable", "a_0000.nii.gz"),
            output = PathOf("probable-out");
        Assert.That(Predict(input, output, "--save-probabilities").Code, Is.Zero);
        Assert.That(
            Names(Path.Combine(output, "probabilities")),
            Does.Contain("a_left kidney.nii.gz").And.Contain("a_background.nii.gz")
        );
        File.Delete(Path.Combine(output, "a.nii.gz"));
        RequireOneLine(Predict(input, output, "--save-probabilities"), 2, "a_background.nii.gz' exists");
        Assert.That(Predict(input, output).Code, Is.Zero, "they are not touched without the option");
    }

    [TestCase("a_0000.nii.gz", "a.nii.gz", "a.nii.gz")]
    [TestCase("A_0000.nii.gz", "a.nii", "A.nii.gz")]
    [TestCase("CT_1.nii", "CT_1.nii.gz", "two volumes of one name")]
    [TestCase("CT_1.nii.gz", "ct_1.nii.gz", "two volumes of one name")]
    public void Two_inputs_of_one_result_are_refused_before_any_is_predicted(string first, string second, string problem)
    {
        string input = Inputs($"twins-{first}-{second}", first, second),
            output = PathOf("twins-out");
        RequireOneLine(Predict(input, output), 3, first, second, problem);
        Assert.That(Directory.Exists(output), Is.False);
    }

    [Test]
    public void The_inputs_folder_and_a_datasets_are_no_place_for_results()
    {
        string input = Inputs("place", "a_0000.nii.gz"),
            link = PathOf("place-link");
        Directory.CreateSymbolicLink(link, input);
        RequireOneLine(Predict(input, input), 2, "folder of the inputs");
        RequireOneLine(Predict(input, link), 2, "folder of the inputs");
        RequireOneLine(Predict(Path.Combine(input, "a_0000.nii.gz"), input), 2, "folder of the inputs");
        RequireOneLine(
            Predict(Path.Combine(Data, "imagesTr"), Path.Combine(Data, "labelsTr"), "--overwrite"),
            2,
            "belongs to the dataset"
        );
        RequireOneLine(Predict(input, Path.Combine(Data, "labelsTs"), "--continue"), 2, "belongs to the dataset");
    }

    [Test]
    public void One_bad_file_alone_is_one_line()
    {
        string input = Directory.CreateDirectory(PathOf("alone")).FullName,
            file = Path.Combine(input, "x.nii");
        RequireOneLine(Predict(input, PathOf("alone-out")), 3, "has no .nii");
        File.WriteAllText(file, "no volume");
        RequireOneLine(Predict(file, PathOf("alone-out")), 3, "x.nii");
        Assert.That(Directory.Exists(PathOf("alone-out")), Is.False);
    }

    [TestCase("liver,,spleen", "a name is empty")]
    [TestCase("liver,liver", "'liver' is named twice")]
    [TestCase("lung", "'lung': the model knows liver")]
    public void Unknown_organs_are_refused_before_any_volume_is_predicted(string organs, string problem) =>
        RequireOneLine(Predict(Volume, PathOf("organs-out"), "--largest-component", organs), 2, problem);

    private (int Code, string Output, string Errors) Predict(string input, string output, params string[] more) =>
        Run(["predict", "--run", TrainedRun, "--modality", "CT", "--in", input, "--out", output, .. more]);

    private string Inputs(string name, params string[] files)
    {
        string folder = Directory.CreateDirectory(PathOf(name)).FullName;
        foreach (string file in files)
            File.Copy(Volume, Path.Combine(folder, file));
        return folder;
    }

    private static string[] Names(string folder) =>
        [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
}
