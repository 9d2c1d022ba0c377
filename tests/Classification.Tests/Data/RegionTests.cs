using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Classification.Tests.Data;

/// <summary>Proposals as tensors of a batch.</summary>
internal sealed class RegionTests
{
    private static readonly ImageShape Shape = new(9, 12, 1);
    private static readonly PixelNormalization Plain = new([0], [1]);

    /// <summary>The box of the image's bright pixels, wherever mirroring and moving brought them.</summary>
    [Test]
    public void Boxes_move_with_the_pixels()
    {
        ImageSamples samples = new ImageSamples(
            Set(Square([new BoxProposal(new ImageBox(3, 2, 5, 6), 0.5f)])),
            Plain,
            new ImagesConfig { Flip = true, CropPadding = 2 }
        ).WithProposals(1);
        LoadedBatch batch = Draw(samples, 60);
        HashSet<string> seen = [];
        for (int sample = 0; sample < 60; sample++)
        {
            float[] pixels = batch[ImageSamples.Images].Sample<float>(sample).ToArray();
            int[] bright = [.. Enumerable.Range(0, pixels.Length).Where(i => pixels[i] > 0.5f)];
            float[] expected =
            [
                0,
                bright.Min(i => i % Shape.Width),
                bright.Min(i => i / Shape.Width),
                bright.Max(i => i % Shape.Width),
                bright.Max(i => i / Shape.Width),
            ];
            Assert.That(batch[ImageSamples.Regions].Sample<float>(sample).ToArray(), Is.EqualTo(expected));
            seen.Add(string.Join(' ', expected));
        }

        Assert.That(seen, Has.Count.GreaterThan(20), "fifty places are possible");
    }

    [Test]
    public void The_best_stay_and_rows_left_over_are_zeros()
    {
        BoxProposal[] proposals =
        [
            new(new ImageBox(0, 0, 1, 1), 0.2f),
            new(new ImageBox(2, 2, 3, 3), 0.9f),
            new(new ImageBox(4, 4, 5, 5), 0.2f),
        ];
        LoadedBatch two = Draw(Samples(2), 1),
            five = Draw(Samples(5), 1);
        Assert.That(
            two[ImageSamples.Regions].Elements<float>().ToArray(),
            Is.EqualTo(new float[] { 0, 2, 2, 3, 3, 0, 0, 0, 1, 1 })
        );
        Assert.That(
            five[ImageSamples.Regions].Elements<float>().ToArray(),
            Is.EqualTo(new float[] { 0, 2, 2, 3, 3, 0, 0, 0, 1, 1, 0, 4, 4, 5, 5 }.Concat(new float[10]))
        );
        Assert.That(five[ImageSamples.RegionScores].Elements<float>().ToArray(), Is.EqualTo(new[] { 0.9f, 0.2f, 0.2f, 0, 0 }));
        Assert.That(five[ImageSamples.RegionMask].Elements<float>().ToArray(), Is.EqualTo(new float[] { 1, 1, 1, 0, 0 }));

        ImageSamples Samples(int most) => new ImageSamples(Set(Square(proposals)), Plain, Still).WithProposals(most);
    }

    [Test]
    public void Images_and_labels_are_those_without_proposals()
    {
        var plain = new ImageSamples(Set(Square([])), Plain, new ImagesConfig());
        LoadedBatch with = Draw(plain.WithProposals(3), 5),
            without = Draw(plain, 5);
        foreach (string name in new[] { ImageSamples.Images, ImageSamples.Labels })
            Assert.That(with[name].Elements<float>().ToArray(), Is.EqualTo(without[name].Elements<float>().ToArray()));
    }

    [Test]
    public void The_border_of_an_image_holds_boxes_that_leave_it()
    {
        ImageSamples samples = new ImageSamples(
            Set(Square([new BoxProposal(new ImageBox(0, 0, 1, 1), 1)])),
            Plain,
            new ImagesConfig { Flip = false, CropPadding = 4 }
        ).WithProposals(1);
        float[] corners = Draw(samples, 40)[ImageSamples.Regions].Elements<float>().ToArray();
        Assert.That(corners, Has.All.InRange(0, 11));
        Assert.That(corners.Chunk(5), Has.Some.EqualTo(new float[5]));
    }

    /// <summary>A square on black: the best window holds it, none is given twice, and the best has score 1.</summary>
    [Test]
    public void Edges_make_proposals_where_a_file_gives_none()
    {
        var shape = new ImageShape(48, 64, 1);
        byte[] pixels = new byte[shape.Length];
        var square = new ImageBox(24, 12, 35, 23);
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i % 64 is >= 24 and <= 35 && i / 64 is >= 12 and <= 23 ? 250 : 10);
        IReadOnlyList<BoxProposal> found = Proposals(shape, pixels, 30);
        Assert.That(found, Has.Count.EqualTo(30));
        Assert.That(found.Select(proposal => proposal.Box), Is.Unique);
        Assert.That(found[0].Score, Is.EqualTo(1));
        Assert.That(found.Select(proposal => proposal.Score), Is.Ordered.Descending);
        Assert.That(found[0].Box.Overlap(square), Is.GreaterThan(0.4));
        foreach (BoxProposal proposal in found)
            Assert.That(proposal.Box.Problem(shape), Is.Null);
    }

    [Test]
    public void Images_of_one_pixel_or_one_value_have_proposals_too()
    {
        Assert.That(
            Proposals(new ImageShape(1, 1, 1), [7], 5),
            Is.EqualTo(new[] { new BoxProposal(new ImageBox(0, 0, 0, 0), 1) })
        );
        Assert.That(Proposals(new ImageShape(16, 5, 3), new byte[240], 5), Has.Count.EqualTo(5));
    }

    private static IReadOnlyList<BoxProposal> Proposals(ImageShape shape, byte[] pixels, int most) =>
        RegionRows.Of(new ImageSet(shape, 2, true, [new LabelledImage("image", pixels, [0])]), most)[0].Proposals;

    private static ImagesConfig Still => new() { Flip = false, CropPadding = 0 };

    private static ImageSet Set(LabelledImage image) => new(Shape, 2, isMultiLabel: true, [image]);

    /// <summary>Bright from column 3 to 5 and row 2 to 6.</summary>
    private static LabelledImage Square(IReadOnlyList<BoxProposal> proposals)
    {
        byte[] pixels = new byte[Shape.Length];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i % Shape.Width is >= 3 and <= 5 && i / Shape.Width is >= 2 and <= 6 ? 255 : 0);
        return new LabelledImage("square", pixels, [1]) { Proposals = proposals };
    }

    private static LoadedBatch Draw(ImageSamples samples, int count)
    {
        using var loader = new BatchLoader(samples, count, seed: 3);
        return loader.Next();
    }
}
