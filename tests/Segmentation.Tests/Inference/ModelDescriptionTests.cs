using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Segmentation.Tests.Inference;

public sealed class ModelDescriptionTests
{
    private const string Valid =
        """{"modalities":["CT","MR"],"classes":["background","prostate/uterus"],"normalizations":["window(-160,240)","zscore"],"size":32,"slices":3,"depth":1,"spacing":"0,0,0"}""";

    private readonly TemporaryFolder folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void AWrittenDescriptionReadsBackTheSame()
    {
        ModelDescription read = Read(Valid);
        read.Write(folder.Path);
        ModelDescription again = ModelDescription.Read(folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(again.Modalities, Is.EqualTo(new[] { "CT", "MR" }));
            Assert.That(again.Classes, Is.EqualTo(new[] { "background", "prostate/uterus" }));
            Assert.That((again.Size, again.Slices, again.Depth, again.Spacing), Is.EqualTo((32, 3, 1, "0,0,0")));
            Assert.That(
                again.Preprocessing.Normalizations.Select(n => n.ToString()),
                Is.EqualTo(new[] { "window(-160,240,0,1)", "zscore" })
            );
        });
    }

    [TestCase("{\"modalities\"", "{\"kind\":\"classifier\",\"modalities\"", "kind 'classifier', expected one that segments")]
    [TestCase("\"modalities\":[\"CT\",\"MR\"],", "", "modalities has 0 names")]
    [TestCase("[\"CT\",\"MR\"]", "null", "modalities has 0 names")]
    [TestCase("[\"CT\",\"MR\"]", "[\"CT\",null]", "modalities has a name that is empty")]
    [TestCase("[\"CT\",\"MR\"]", "[\"CT\",\"\"]", "modalities has a name that is empty")]
    [TestCase("[\"CT\",\"MR\"]", "[\"CT\",\"CT\"]", "modalities names CT twice")]
    [TestCase("[\"CT\",\"MR\"]", "[\"CT\",\"a\\nb\"]", "no text of one line")]
    [TestCase("[\"CT\",\"MR\"]", "[\"CT\",\"\\ud800\"]", "invalid Unicode")]
    [TestCase("[\"CT\",\"MR\"]", "[\"CT\"]", "normalizations has 2 entries, expected one for each of 1")]
    [TestCase("\"prostate/uterus\"", "\"background\"", "classes names background twice")]
    [TestCase(",\"prostate/uterus\"", "", "classes has 1 names")]
    [TestCase("\"normalizations\"", "\"other\"", "normalizations has 0 entries")]
    [TestCase("\"zscore\"", "null", "normalizations: is missing")]
    [TestCase("\"zscore\"", "\"AA\"", "'AA' is no normalization")]
    [TestCase("\"zscore\"", "\"window(1,0)\"", "normalizations: ")]
    [TestCase("\"size\":32,", "", "size is 0")]
    [TestCase("32", "-1", "size is -1")]
    [TestCase("32", "2000000000", "size is 2000000000")]
    [TestCase("32", "99999999999", "size")]
    [TestCase("32", "1.5", "size")]
    [TestCase("32", "32,\"Size\":64", "uplicate")]
    [TestCase("\"slices\":3", "\"slices\":2", "slices is 2, expected an odd number")]
    [TestCase("\"slices\":3", "\"slices\":33", "slices is 33")]
    [TestCase("\"depth\":1", "\"depth\":0", "depth is 0")]
    [TestCase("\"0,0,0\"", "null", "spacing is ''")]
    [TestCase("\"0,0,0\"", "\"U8\"", "spacing is 'U8'")]
    [TestCase("\"0,0,0\"", "\"NaN,1,1\"", "spacing is 'NaN,1,1'")]
    [TestCase("\"0,0,0\"", "\"1,1,1e10\"", "spacing is '1,1,1e10'")]
    [TestCase("\"0,0,0\"", "\"1,1\"", "spacing is '1,1'")]
    [TestCase("\"0,0,0\"", "\"1,1,1,1\"", "spacing is '1,1,1,1'")]
    public void WhatDescribesNoModelIsRefusedByItsKey(string part, string with, string says) =>
        Assert.That(
            () => Read(Valid.Replace(part, with, StringComparison.Ordinal)),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains("model.json")
                .And.Message.Contains(says)
                .And.Message.Not.Contains("\n")
        );

    [Test]
    public void AModalityOfExactlyThatNameGoesBeforeOneOfOtherLetterCase()
    {
        ModelDescription model = Read(Valid.Replace("[\"CT\",\"MR\"]", "[\"mr\",\"MR\"]", StringComparison.Ordinal));
        Assert.Multiple(() =>
        {
            Assert.That(model.ModalityOf("MR").Index, Is.EqualTo(1));
            Assert.That(model.ModalityOf("mr").Index, Is.EqualTo(0));
            Assert.That(model.ModalityOf("Mr").Index, Is.EqualTo(0));
            Assert.That(() => model.ModalityOf("PET"), Throws.TypeOf<InvalidDataException>().With.Message.Contains("mr, MR"));
        });
    }

    [TestCase("data.size=64", "size is 32, but the run's configuration says 64")]
    [TestCase("data.slices=5", "slices is 3, but the run's configuration says 5")]
    [TestCase("network.name=unet3d", "slices is 3, but the run's configuration says 1")]
    public void ADescriptionOfAnotherRunIsRefused(string setting, string says) =>
        Assert.That(
            () => Read(Valid).RequireMatch(ConfigLoader.Load(null, ["data.size=32", setting]), folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(says)
        );

    private ModelDescription Read(string text)
    {
        File.WriteAllText(folder.File("model.json"), text);
        return ModelDescription.Read(folder.Path);
    }
}
