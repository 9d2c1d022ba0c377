using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>One line per kind, with the cases.</summary>
internal sealed class CaseWarningsTests
{
    private static readonly Modality[] Modalities = [new("CT", 0), new("MR", 1)];
    private static readonly string[] Classes = ["background", "liver", "spleen"];

    private static PreparedCase Prepare(
        string id,
        int modality,
        Func<int, float>? image = null,
        Func<int, byte>? label = null,
        IntensityNormalization? normalization = null
    )
    {
        var geometry = new Geometry(16, 16, 4, Affine.Diagonal(new Vector3d(-2, 2, 4), default));
        var loaded = new LoadedCase(
            id,
            Modalities[modality],
            new Volume<float>(geometry, [.. Enumerable.Range(0, geometry.VoxelCount).Select(image ?? (i => i * 37 % 500))]),
            new Volume<byte>(geometry, [.. Enumerable.Range(0, geometry.VoxelCount).Select(label ?? (i => (byte)(i % 3)))])
        );
        IntensityNormalization used = normalization ?? IntensityNormalization.Default;
        return PreparedCase.Prepare(loaded, new PreprocessingSettings(new SampleShape(16, 16, 1), [used, used]), Classes.Length);
    }

    [Test]
    public void Ordinary_cases_have_none()
    {
        PreparedCase[] cases = [Prepare("ct_0", 0), Prepare("mr_0", 1)];
        Assert.That(CaseWarnings.OfImages(cases), Is.Empty);
        Assert.That(CaseWarnings.OfLabels(cases, Modalities, Classes), Is.Empty);
    }

    [Test]
    public void Three_cases_are_named_and_the_others_counted()
    {
        PreparedCase[] cases =
        [
            .. Enumerable.Range(0, 5).Select(i => Prepare($"ct_{i}", 0, image: _ => 9)),
            Prepare("ct_9", 0),
            Prepare("mr_0", 1, image: i => i % 5 == 0 ? -3024 : i % 7 * 100),
        ];
        IReadOnlyList<string> warnings = CaseWarnings.OfImages(cases);
        Assert.That(warnings, Has.Count.EqualTo(2));
        Assert.That(warnings[0], Does.StartWith("ct_0, ct_1, ct_2 and 2 more: every voxel of the image has the same value"));
        Assert.That(warnings[1], Does.StartWith("mr_0: padding below -1024").And.Contains("left out"));
    }

    [TestCase(new[] { "T1", "T2", "FLAIR" }, "a (T2): every voxel", "a (T1, FLAIR): voxels far outside")]
    [TestCase(new string[0], "a (channel 1): every voxel", "a (channel 0, channel 2): voxels far outside")]
    public void Of_several_channels_those_that_are_odd_are_named(string[] names, string constant, string clipped)
    {
        var geometry = new Geometry(16, 16, 4, Affine.Diagonal(new Vector3d(-2, 2, 4), default));
        float[] hot = [.. Enumerable.Range(0, geometry.VoxelCount).Select(i => i == 5 ? 1e9f : i * 37 % 500)],
            blank = [.. Enumerable.Repeat(9f, geometry.VoxelCount)];
        var loaded = new LoadedCase(
            "a",
            Modalities[1],
            [.. new[] { hot, blank, hot }.Select(voxels => new Volume<float>(geometry, voxels))],
            null
        )
        {
            ChannelNames = names,
        };
        IntensityNormalization[] normalizations = [.. Enumerable.Repeat(IntensityNormalization.ZScore, 6)];
        var settings = new PreprocessingSettings(new SampleShape(16, 16, 1, Volumes: 3), normalizations);
        IReadOnlyList<string> warnings = CaseWarnings.OfImages([PreparedCase.Prepare(loaded, settings, Classes.Length)]);
        Assert.That(warnings, Has.Count.EqualTo(2));
        Assert.That(warnings[0], Does.StartWith(constant));
        Assert.That(warnings[1], Does.StartWith(clipped));
    }

    [Test]
    public void A_modality_without_foreground_and_a_class_of_no_case_are_named()
    {
        PreparedCase[] cases =
        [
            Prepare("ct_0", 0, label: i => (byte)(i % 2)),
            Prepare("mr_0", 1, label: _ => 0),
            Prepare("mr_1", 1, label: _ => 0),
        ];
        Assert.That(
            CaseWarnings.OfLabels(cases, Modalities, Classes),
            Is.EqualTo(
                new[]
                {
                    "modality MR: no training case shows anything but background (mr_0, mr_1)",
                    "no training case shows spleen (at the network's resolution): the network cannot learn it",
                }
            )
        );
    }

    /// <summary>The 16 bits that a case is held in resolve what was not an outlier.</summary>
    [Test]
    public void Held_intensities_keep_their_contrast_beside_a_hot_voxel(
        [Values("none", "zscore", "body_zscore", "percentile(0.5,99.5)", "unpadded_percentile(0.5,99.5)")] string text,
        [Values(1e9f, -1e9f, 1e30f, float.MaxValue)] float hot
    )
    {
        IntensityNormalization normalization = IntensityNormalization.Parse(text);
        var (images, plain) = (new float[16 * 16 * 4], new float[16 * 16 * 4]);
        Prepare("ct", 0, normalization: normalization).ReadImages(0, 4, 1, plain);
        Prepare("ct", 0, image: i => i == 5 ? hot : i * 37 % 500, normalization: normalization).ReadImages(0, 4, 1, images);
        float contrast = plain.Max() - plain.Min();
        Assert.That(images.Select((v, i) => i == 5 ? 0 : Math.Abs(v - plain[i])).Max(), Is.LessThan(0.01 * contrast));
        Assert.That(images.Distinct().Count(), Is.GreaterThan(450));
    }
}
