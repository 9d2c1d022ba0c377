using System.Diagnostics;
using System.Text;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Segmentation.Tests.Configuration;

/// <summary>Configuration files that are no YAML, or more than a configuration.</summary>
public sealed class ForeignConfigTests
{
    private readonly TemporaryFolder folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => folder.Dispose();

    [TestCase("{: 1")]
    [TestCase("{na\nme: unet3d}")]
    [TestCase("{a\nb: 1}")]
    [TestCase("network: {name: unet3d, ke\r\nrnels: 3x3x3}\n\ndata.spacing: 1\n")]
    [TestCase("training: {steps: \"\\UFFFFFFFF\"}")]
    [TestCase("training: {steps: \"\\xZZ\"}")]
    [TestCase("a: \"\\uD800\"")]
    [TestCase("a: \"b\\nc\"")]
    [TestCase("a: \"\\0\"")]
    [TestCase("a: &x [1]\nb: *x\n")]
    [TestCase("<<: *x\n")]
    [TestCase("a: [[[[[[[[[[")]
    [TestCase("a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}}")]
    [TestCase("training:\n\tsteps: 5\n")]
    [TestCase("training:\n  steps: 5\n---\ntraining:\n  steps: 6\n")]
    [TestCase("training:\n  steps: 5\n  steps: 6\n")]
    [TestCase("training.steps: 5\ntraining:\n  steps: 6\n")]
    [TestCase("training: 5\n")]
    [TestCase("- a\n")]
    [TestCase("a\0b: 1")]
    public void WhatIsNoConfigurationEndsInOneLineWithFileAndLine(string text) =>
        Assert.That(() => ConfigLoader.Load(Yaml(text)), Refusal($"{folder.File("config.yaml")}:"));

    [TestCase(0xFF)]
    [TestCase(0xC3)]
    [TestCase(0xED, 0xA0, 0x80)]
    public void BytesThatAreNoTextAreRefused(params int[] bytes)
    {
        File.WriteAllBytes(
            folder.File("config.yaml"),
            [.. "data:\n  normalization:\n    M"u8, .. bytes.Select(b => (byte)b), .. ": zscore\n"u8]
        );
        Assert.That(() => ConfigLoader.Load(folder.File("config.yaml")), Refusal("not UTF-8"));
    }

    [Test]
    public void AByteOrderMarkIsPassedOver()
    {
        File.WriteAllText(
            folder.File("config.yaml"),
            "training:\n  steps: 5\n",
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: true)
        );
        Assert.That(ConfigLoader.Load(folder.File("config.yaml")).Training.Steps, Is.EqualTo(5));
    }

    [Test]
    public void LongKeysAndValuesAndManyOfThemTakeNoTime()
    {
        var watch = Stopwatch.StartNew();
        Assert.That(() => ConfigLoader.Load(Yaml($"{new string('k', 900_000)}: 1\n")), Refusal("config.yaml:"));
        Assert.That(
            () => ConfigLoader.Load(Yaml($"data:\n  normalization:\n    CT: no{new string('x', 900_000)}\n")),
            Refusal("is longer than 1000 characters")
        );
        Assert.That(
            () => ConfigLoader.Load(null, [$"{new string('k', 100_000)}=1"]),
            Throws.InstanceOf<ArgumentException>().With.Message.Length.LessThan(2000)
        );
        TrainingConfig config = ConfigLoader.Load(
            Yaml("data:\n  normalization:\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"    M{i}: zscore\n")))
        );
        Assert.Multiple(() =>
        {
            Assert.That(config.Data.Normalization, Has.Count.EqualTo(20_000));
            Assert.That(config.Data.Normalization["M19999"], Is.EqualTo("zscore"));
            Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(20)), "once 40 s for the last alone");
        });
    }

    private string Yaml(string text)
    {
        File.WriteAllText(folder.File("config.yaml"), text, new UTF8Encoding(false));
        return folder.File("config.yaml");
    }

    private static NUnit.Framework.Constraints.Constraint Refusal(string says) =>
        Throws
            .TypeOf<InvalidDataException>()
            .With.Message.Contains(says)
            .And.Message.Contains("config.yaml")
            .And.Message.Not.Contains("\n")
            .And.Message.Not.Contains("\r");
}
