using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Imaging.Tests;

internal sealed class ComponentsTests
{
    private static Volume<byte> Labels(params (int X, int Y, int Z, byte Label)[] voxels)
    {
        var volume = new Volume<byte>(new Geometry(6, 5, 4, Affine.Diagonal(new Vector3d(1, 1, 1), default)));
        foreach ((int x, int y, int z, byte label) in voxels)
            volume[x, y, z] = label;
        return volume;
    }

    [Test]
    public void Only_the_largest_part_stays_and_other_classes_are_left_alone()
    {
        Volume<byte> labels = Labels((0, 0, 0, 1), (3, 3, 3, 1), (4, 3, 3, 1), (0, 0, 1, 2), (5, 0, 0, 2));
        Assert.That(Components.KeepLargest(labels, 1), Is.EqualTo(1));
        Assert.That(labels.Voxels, Is.EqualTo(Labels((3, 3, 3, 1), (4, 3, 3, 1), (0, 0, 1, 2), (5, 0, 0, 2)).Voxels));
    }

    [Test]
    public void Corners_touch()
    {
        Volume<byte> labels = Labels((1, 1, 1, 1), (2, 2, 2, 1), (3, 3, 3, 1), (5, 0, 0, 1));
        Assert.That(Components.KeepLargest(labels, 1), Is.EqualTo(1));
        Assert.That(labels[2, 2, 2], Is.EqualTo(1));
    }

    [Test]
    public void Rows_that_follow_each_other_in_memory_do_not_touch()
    {
        Volume<byte> labels = Labels((5, 0, 0, 1), (0, 2, 0, 1), (0, 3, 0, 1));
        Assert.That(Components.KeepLargest(labels, 1), Is.EqualTo(1));
        Assert.That(labels[5, 0, 0], Is.Zero);
    }

    [TestCase((byte)3)]
    [TestCase((byte)1)]
    public void A_class_that_is_absent_or_whole_is_left_alone(byte label)
    {
        Volume<byte> labels = Labels((1, 1, 1, 1), (1, 1, 2, 1));
        Assert.That(Components.KeepLargest(labels, label), Is.Zero);
        Assert.That(labels.Voxels.Count(v => v == 1), Is.EqualTo(2));
    }
}
