using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

public sealed class PreprocessingRecordTests
{
    private const string Valid =
        """{"spacing":[3,3,5],"axes":"LAS","cases":{"ct_0":{"shape":[8,9,10],"affine":[1,0,0,0,1,0,0,0,2,5,6,7]}}}""";

    private readonly TemporaryFolder folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void AGridComesBack()
    {
        Geometry original = Read(Valid)!;
        Assert.That(
            (original.ShapeText(), original.Affine),
            Is.EqualTo(("8x9x10", new Affine(new(1, 0, 0), new(0, 1, 0), new(0, 0, 2), new(5, 6, 7))))
        );
    }

    [TestCase("[8,9,10]", "[0,9,10]", "cases.ct_0: shape or affine")]
    [TestCase("[8,9,10]", "[2000000,2000000,2000000]", "cases.ct_0: shape or affine")]
    [TestCase("[8,9,10]", "[8,9]", "cases.ct_0: shape is missing")]
    [TestCase("[8,9,10]", "null", "cases.ct_0: shape is missing")]
    [TestCase("[1,0,0,", "[\"NaN\",0,0,", "cases.ct_0: shape or affine: the affine is singular or not finite")]
    [TestCase("[1,0,0,", "[0,0,0,", "cases.ct_0: shape or affine: the affine is singular or not finite")]
    [TestCase(",5,6,7]", "]", "cases.ct_0: affine is missing")]
    [TestCase("{\"shape\":[8,9,10],\"affine\":[1,0,0,0,1,0,0,0,2,5,6,7]}", "null", "cases.ct_0: is null")]
    [TestCase("[3,3,5]", "[3,3]", "spacing is missing")]
    [TestCase("[3,3,5]", "[3,3,0]", "spacing is missing or not three lengths")]
    [TestCase("[3,3,5]", "[3,3,\"Infinity\"]", "spacing is missing or not three lengths")]
    [TestCase("\"LAS\"", "null", "axes is missing")]
    [TestCase("\"cases\"", "\"a\\nb\"", "cases is missing")]
    [TestCase("\"cases\"", "\"\\ud800\"", "invalid Unicode")]
    public void ADamagedRecordIsRefusedByFileAndField(string part, string with, string says) =>
        Assert.That(
            () => Read(Valid.Replace(part, with, StringComparison.Ordinal)),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains(Path.Combine(folder.Path, "preprocessing.json"))
                .And.Message.Contains(says)
                .And.Message.Not.Contains("\n")
        );

    [TestCase("RAS")]
    [TestCase("LAS")]
    [TestCase("SPR")]
    public void LabelsReturnToTheGridThatTheyCameFrom(string axes)
    {
        var (s, c) = Math.SinCos(0.2);
        Geometry oblique = new(
            8,
            9,
            10,
            new Affine(new Vector3d(c, s, 0) * 2, new Vector3d(-s, c, 0) * 2, new(0, 0, 4), new(-30, 20, 10))
        );
        Geometry original = Orientation.Reorient(new Volume<byte>(oblique), axes).Geometry;
        Geometry canonical = Orientation.Reorient(new Volume<byte>(original), "LAS").Geometry;
        var labels = new Volume<byte>(Resampling.Respace(canonical, new Vector3d(3, 3, 5)));
        Array.Fill(labels.Voxels, (byte)1);

        Volume<byte> restored = PreprocessingRecord.Restore(labels, original);
        Assert.That((restored.Geometry, restored.Voxels.All(v => v == 1)), Is.EqualTo((original, true)));
    }

    [TestCase(1.0, 0.0, 0.0, 5.0, TestName = "shifted")]
    [TestCase(3.0, 0.0, 0.0, 0.0, TestName = "larger voxels")]
    [TestCase(1.0, 0.5, 0.0, 0.0, TestName = "sheared")]
    [TestCase(1e-9, 0.0, 0.0, 0.0, TestName = "tiny")]
    [TestCase(1e15, 0.0, 0.0, 0.0, TestName = "huge")]
    public void AGridThatDoesNotLieOverThePreprocessedOneIsRefused(double x, double y, double z, double shift)
    {
        var labels = new Volume<byte>(new Geometry(8, 9, 10, Affine.Diagonal(new Vector3d(-1, 1, 2), default)));
        var original = new Geometry(8, 9, 10, new Affine(new(-x, y, z), new(0, 1, 0), new(0, 0, 2), new(shift, 0, 0)));
        Assert.That(
            () => PreprocessingRecord.Restore(labels, original),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains("preprocessing.json")
                .And.Message.Contains("does not lie over")
        );
    }

    private Geometry? Read(string text)
    {
        File.WriteAllText(folder.File("preprocessing.json"), text);
        return PreprocessingRecord.OriginalOf(folder.File("imagesTs/ct_0_0000.nii.gz"), "ct_0");
    }
}
