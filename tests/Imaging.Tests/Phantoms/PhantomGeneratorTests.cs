using System.IO.Hashing;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Imaging.Phantoms;

namespace UnpairedSegEngine.Imaging.Tests.Phantoms;

public sealed class PhantomGeneratorTests
{
    [Test]
    public void SameArgumentsGiveTheSameBits([Values] PhantomAnatomy anatomy, [Values] PhantomModality modality)
    {
        var first = Create(anatomy, modality, 3);
        var again = Create(anatomy, modality, 3);
        Assert.That(again.Image.Voxels, Is.EqualTo(first.Image.Voxels));
        Assert.That(again.Labels.Voxels, Is.EqualTo(first.Labels.Voxels));
    }

    [Test]
    public void SubjectSeedAndModalityEachGiveAnotherBody([Values] PhantomAnatomy anatomy)
    {
        var labels = Create(anatomy, PhantomModality.CT, 0).Labels.Voxels;
        Assert.That(Create(anatomy, PhantomModality.CT, 1).Labels.Voxels, Is.Not.EqualTo(labels));
        Assert.That(Create(anatomy, PhantomModality.CT, 0, seed: 8).Labels.Voxels, Is.Not.EqualTo(labels));
        Assert.That(Create(anatomy, PhantomModality.MR, 0).Labels.Voxels, Is.Not.EqualTo(labels), "unpaired");
    }

    /// <summary>Experiments are repeated on other machines, and by later versions.</summary>
    [TestCase(PhantomModality.CT, "f863558272a0c7ddcc7b0bfa7bdbf240")]
    [TestCase(PhantomModality.MR, "b25c038a29cf8938657e2cfb1b773438")]
    [TestCase(PhantomModality.T1, "f7de303774e25673479c84a9e09facdf")]
    [TestCase(PhantomModality.CT, "16f29ddf5dc5a4dbb1fe34d0a20f0f1f", PhantomRelation.Shared)]
    [TestCase(PhantomModality.MR, "b25c038a29cf8938657e2cfb1b773438", PhantomRelation.Shared)]
    [TestCase(PhantomModality.CT, "327c0c4bf610cdd45b741a4e4e8bd2cb", PhantomRelation.Unrelated)]
    [TestCase(PhantomModality.MR, "88424ba54d468a4c5aad39f04f371bbc", PhantomRelation.Unrelated)]
    public void VoxelsAreThoseOfEarlierVersions(
        PhantomModality modality,
        string hash,
        PhantomRelation relation = PhantomRelation.Usual
    )
    {
        var phantom = Create(PhantomAnatomy.Abdomen, modality, 2, relation: relation);
        var found = new XxHash128();
        found.Append(phantom.Labels.Voxels);
        found.Append(MemoryMarshal.AsBytes(phantom.Image.Voxels.AsSpan()));
        Assert.That(Convert.ToHexStringLower(found.GetCurrentHash()), Is.EqualTo(hash));
    }

    [Test]
    public void EverySubjectHasEveryStructure([Values] PhantomAnatomy anatomy, [Values] PhantomModality modality)
    {
        for (var subject = 0; subject < 20; subject++)
        {
            var phantom = Create(anatomy, modality, subject);
            for (byte label = 1; label <= 4; label++)
            {
                var share = phantom.Labels.Voxels.Count(l => l == label) / (double)phantom.Labels.Voxels.Length;
                Assert.That(share, Is.InRange(5e-4, 0.2), $"{anatomy} {modality} subject {subject}, label {label}");
            }

            Assert.That(phantom.Labels.Voxels.Max(), Is.EqualTo(4));
            Assert.That(phantom.Labels.Geometry.AxisCodes, Is.EqualTo("LAS"));
        }
    }

    [Test]
    public void RightKidneyLiesOnThePatientsRight()
    {
        var labels = Create(PhantomAnatomy.Abdomen, PhantomModality.CT, 0).Labels;
        Assert.That(Centre(labels, 2).X, Is.GreaterThan(20));
        Assert.That(Centre(labels, 3).X, Is.LessThan(-20));
        Assert.That(Centre(labels, 1).X, Is.GreaterThan(Centre(labels, 4).X));
    }

    /// <summary>
    /// The best interval of brightness per organ, chosen knowing the answer, must stay far from a segmentation.
    /// </summary>
    [Test]
    public void NoThresholdSolvesIt([Values] PhantomAnatomy anatomy, [Values] PhantomModality modality)
    {
        var phantom = Create(anatomy, modality, 1);
        var scores = Enumerable.Range(1, 4).Select(label => BestThresholdDice(phantom, (byte)label)).ToArray();
        Assert.That(scores.Average(), Is.LessThan(0.7), string.Join(" ", scores));
    }

    [Test]
    public void SharedPhantomsHaveTheSameBodiesWithOrgansAlikeInCt([Values] PhantomAnatomy anatomy)
    {
        var usual = Create(anatomy, PhantomModality.CT, 1);
        var shared = Create(anatomy, PhantomModality.CT, 1, relation: PhantomRelation.Shared);
        Assert.That(shared.Labels.Voxels, Is.EqualTo(usual.Labels.Voxels));
        Assert.That(Spread(shared), Is.LessThan(50).And.LessThan(Spread(usual)), "HU, between organs");

        static double Spread(Phantom phantom)
        {
            var means = Enumerable.Range(1, 4).Select(label => Mean(phantom, (byte)label)).ToArray();
            return means.Max() - means.Min();
        }
    }

    [Test]
    public void UnrelatedPhantomsTeachNothingAboutCt()
    {
        var turned = Create(PhantomAnatomy.Abdomen, PhantomModality.CT, 0, relation: PhantomRelation.Unrelated).Labels;
        Assert.That(Centre(turned, 2).Y, Is.LessThan(0), "the liver, called right kidney, lies behind");
        Assert.That(Centre(turned, 3).Y, Is.GreaterThan(20), "and the right kidney, called left kidney, in front");
        Assert.That(
            turned.Voxels.CountBy(label => label).Where(size => size.Key > 0).MaxBy(size => size.Value).Key,
            Is.EqualTo(2)
        );

        var usual = Create(PhantomAnatomy.Abdomen, PhantomModality.MR, 0);
        var other = Create(PhantomAnatomy.Abdomen, PhantomModality.MR, 0, relation: PhantomRelation.Unrelated);
        Assert.That(other.Image.Voxels, Is.EqualTo(usual.Image.Voxels));
        Assert.That(other.Labels.Voxels, Is.Not.EqualTo(usual.Labels.Voxels), "of another body");
    }

    [Test]
    public void ModalitiesOrderTheTissuesDifferently()
    {
        double Ratio(PhantomModality modality) =>
            Enumerable
                .Range(0, 8)
                .Average(subject =>
                {
                    var phantom = Create(PhantomAnatomy.Abdomen, modality, subject);
                    return Mean(phantom, 1) / Mean(phantom, 4);
                });
        Assert.That(Ratio(PhantomModality.CT), Is.GreaterThan(0.75), "liver and spleen are alike in CT");
        Assert.That(Ratio(PhantomModality.MR), Is.LessThan(0.7), "the spleen is brighter in MR");
        Assert.That(Ratio(PhantomModality.T1), Is.GreaterThan(1.15), "and darker in T1");
    }

    private static Phantom Create(
        PhantomAnatomy anatomy,
        PhantomModality modality,
        int subject,
        ulong seed = 7,
        PhantomRelation relation = PhantomRelation.Usual
    ) => PhantomGenerator.Create(anatomy, modality, subject, seed, size: 64, slices: 16, relation);

    private static double Mean(Phantom phantom, byte label) =>
        phantom.Image.Voxels.Where((_, i) => phantom.Labels.Voxels[i] == label).Average(v => (double)v);

    private static Vector3d Centre(Volume<byte> labels, byte label)
    {
        var (sum, count) = (new Vector3d(0, 0, 0), 0);
        for (var i = 0; i < labels.Voxels.Length; i++)
        {
            if (labels.Voxels[i] != label)
                continue;
            var (x, y, z) = (
                i % labels.Geometry.X,
                i / labels.Geometry.X % labels.Geometry.Y,
                i / labels.Geometry.X / labels.Geometry.Y
            );
            sum += labels.Geometry.Affine.Apply(x, y, z);
            count++;
        }

        return sum * (1.0 / count);
    }

    private static double BestThresholdDice(Phantom phantom, byte label)
    {
        var inside = phantom.Image.Voxels.Where((_, i) => phantom.Labels.Voxels[i] == label).Order().ToArray();
        var best = 0.0;
        foreach (var tail in new[] { 0.01, 0.05, 0.1, 0.2, 0.3 })
        {
            var (low, high) = (inside[(int)(inside.Length * tail)], inside[(int)((inside.Length - 1) * (1 - tail))]);
            var chosen = phantom.Image.Voxels.Count(v => v >= low && v <= high);
            var met = inside.Count(v => v >= low && v <= high);
            best = Math.Max(best, 2.0 * met / (chosen + inside.Length));
        }

        return best;
    }
}
