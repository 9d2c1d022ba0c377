using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Json;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Tests.Phantoms;

public sealed class PairedPhantomTests
{
    private const byte Lesion = 3;

    [Test]
    public void SameArgumentsGiveTheSameBits()
    {
        var first = PairedPhantomGenerator.Create(0, seed: 7, size: 32, slices: 6);
        var again = PairedPhantomGenerator.Create(0, seed: 7, size: 32, slices: 6);
        var hash = new XxHash128();
        hash.Append(first.Labels.Voxels);
        foreach (var (image, other) in first.Images.Zip(again.Images))
        {
            Assert.That(other.Voxels, Is.EqualTo(image.Voxels));
            hash.Append(MemoryMarshal.AsBytes(image.Voxels.AsSpan()));
        }

        Assert.That(Convert.ToHexStringLower(hash.GetCurrentHash()), Is.EqualTo("b04cbcd79585dda51ac1c31bf34315f3"));
        Assert.That(PairedPhantomGenerator.Create(1, 7, 32, 6).Labels.Voxels, Is.Not.EqualTo(first.Labels.Voxels));
        Assert.That(PairedPhantomGenerator.Create(0, 8, 32, 6).Labels.Voxels, Is.Not.EqualTo(first.Labels.Voxels));
    }

    [Test]
    public void EverySubjectHasEveryStructureAndLesionsAreOnBothSides()
    {
        var sides = new HashSet<bool>();
        for (var subject = 0; subject < 8; subject++)
        {
            var labels = PairedPhantomGenerator.Create(subject, seed: 3, size: 48, slices: 12).Labels;
            for (byte label = 1; label <= PairedPhantomGenerator.LabelNames.Count; label++)
                Assert.That(labels.Voxels.Count(v => v == label), Is.GreaterThan(10), $"subject {subject} label {label}");
            sides.Add(labels.Voxels.Index().Where(v => v.Item == Lesion).Average(v => v.Index % 48) < 23.5);
        }

        Assert.That(sides, Has.Count.EqualTo(2));
    }

    /// <summary>Means of lesion and of what is around it, apart by how many standard deviations (d').</summary>
    [Test]
    public void OnlyTheFirstSequenceHardlyShowsTheLesion()
    {
        var first = new List<double>();
        for (var subject = 0; subject < 16; subject++)
        {
            var phantom = PairedPhantomGenerator.Create(subject, seed: 5, size: 64, slices: 16);
            var separation = phantom.Images.Select(image => Separation(image, phantom.Labels)).ToArray();
            first.Add(separation[0]);
            Assert.That(separation.Skip(1).Min(), Is.GreaterThan(2), $"subject {subject}");
        }

        Assert.That(first.Average(), Is.InRange(0.1, 0.7), "hard, not impossible");
        Assert.That(first.Max(), Is.LessThan(1.5));
    }

    [Test]
    public void ContrastIsInNoiseDeviations()
    {
        double Of(double contrast)
        {
            var phantom = PairedPhantomGenerator.Create(2, seed: 5, size: 64, slices: 16, contrast);
            return Separation(phantom.Images[0], phantom.Labels);
        }
        Assert.That(Of(8), Is.GreaterThan(2));
        Assert.That(Of(2), Is.InRange(Of(0), Of(8)));
        Assert.That(Of(-8), Is.LessThan(-2));
    }

    [TestCase(double.NaN)]
    [TestCase(21)]
    public void ImpossibleContrastIsRefused(double contrast) =>
        Assert.That(
            () => PairedPhantomGenerator.Create(0, 1, 32, 4, contrast),
            Throws.TypeOf<UsageException>().With.Message.Contains("contrast")
        );

    [Test]
    public void DatasetHasAChannelPerSequenceAndNoDomains()
    {
        using var folder = new TemporaryFolder();
        var options = new PhantomDatasetOptions
        {
            Paired = true,
            Training = 2,
            Validation = 1,
            Test = 1,
            Size = 16,
            Slices = 3,
            Seed = 5,
        };
        PhantomDataset.Write(folder.File("set"), options);
        string[] Names(string part) =>
            [.. Directory.GetFiles(Path.Combine(folder.File("set"), part)).Select(f => Path.GetFileName(f)).Order()];

        Assert.That(Names("imagesTr"), Has.Length.EqualTo(12));
        Assert.That(Names("imagesTs"), Is.EqualTo(Enumerable.Range(0, 4).Select(i => $"brain_003_000{i}.nii.gz")));
        Assert.That(Names("labelsTs"), Is.EqualTo(["brain_003.nii.gz"]));
        var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.File("set"), "dataset.json"))).RootElement;
        Assert.That(manifest.TryGetProperty("domains", out _), Is.False);
        Assert.That(
            manifest.GetProperty("channel_names").EnumerateObject().Select(c => $"{c.Name} {c.Value}"),
            Is.EqualTo(["0 T1", "1 T1ce", "2 T2", "3 FLAIR"])
        );
        var phantom = PairedPhantomGenerator.Create(3, 5, 16, 3);
        for (var channel = 0; channel < 4; channel++)
        {
            var image = NiftiFile.Open(Path.Combine(folder.File("set"), "imagesTs", $"brain_003_000{channel}.nii.gz"));
            Assert.That(image.ToFloatVolume().Voxels, Is.EqualTo(phantom.Images[channel].Voxels));
        }
    }

    private static double Separation(Volume<short> image, Volume<byte> labels)
    {
        var (inside, around) = (new List<double>(), new List<double>());
        foreach (var (i, label) in labels.Voxels.Index())
        {
            if (label == Lesion)
                inside.Add(image.Voxels[i]);
            else if (IsAround(labels, i))
                around.Add(image.Voxels[i]);
        }

        return (inside.Average() - around.Average()) / Math.Sqrt((Variance(inside) + Variance(around)) / 2);
    }

    /// <summary>Within two voxels in the slice.</summary>
    private static bool IsAround(Volume<byte> labels, int voxel)
    {
        var width = labels.Geometry.X;
        var plane = width * labels.Geometry.Y;
        var (slice, row, column) = (voxel / plane, voxel % plane / width, voxel % width);
        for (var y = Math.Max(0, row - 2); y <= Math.Min(labels.Geometry.Y - 1, row + 2); y++)
        {
            for (var x = Math.Max(0, column - 2); x <= Math.Min(width - 1, column + 2); x++)
            {
                if (labels.Voxels[(slice * plane) + (y * width) + x] == Lesion)
                    return true;
            }
        }

        return false;
    }

    private static double Variance(List<double> values)
    {
        var mean = values.Average();
        return values.Average(v => (v - mean) * (v - mean));
    }
}
