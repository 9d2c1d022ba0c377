using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Inference;

internal sealed class BlockPredictionTests
{
    private const int X = 40,
        Y = 36,
        Z = 26;

    private static readonly Modality Ct = new("CT", 0);

    /// <summary>
    /// Two 3x3x3 convolutions see two voxels around them. Blocks that overlap by more than that, each responsible for what is
    /// nearest to its middle, give the labels
    /// of the whole volume at once.
    /// </summary>
    [TestCase(12, 16, 20, 0.5)]
    [TestCase(8, 16, 16, 0.5)]
    [TestCase(10, 11, 13, 0.45)]
    [TestCase(26, 36, 40, 0)]
    [TestCase(26, 12, 40, 0.4)]
    public void Blocks_give_the_labels_of_the_whole_volume(int depth, int height, int width, double overlap)
    {
        byte[] whole = Predict(new SampleShape(Y, X, 1, Z), new PredictionSettings()).ToOriginal().Voxels;
        Assert.That(whole.Distinct().Count(), Is.EqualTo(3), "all classes");
        byte[] blocks = Predict(new SampleShape(height, width, 1, depth), new PredictionSettings(overlap, BlockBlending.Nearest))
            .ToOriginal()
            .Voxels;
        Assert.That(blocks.Zip(whole).Count(pair => pair.First != pair.Second), Is.Zero);
    }

    /// <summary>
    /// With the other weights, what blocks get wrong at their borders is mixed in: hardly a label may differ, and scores but
    /// little.
    /// </summary>
    [TestCase(BlockBlending.Gaussian, 0.002)]
    [TestCase(BlockBlending.Uniform, 0.08)]
    public void Weighted_blocks_give_almost_the_labels_of_the_whole_volume(BlockBlending blending, double share)
    {
        byte[] whole = Predict(new SampleShape(Y, X, 1, Z), new PredictionSettings()).ToOriginal().Voxels;
        byte[] blocks = Predict(new SampleShape(16, 16, 1, 16), new PredictionSettings(0.5, blending)).ToOriginal().Voxels;
        Assert.That(blocks.Zip(whole).Count(pair => pair.First != pair.Second), Is.LessThan(share * whole.Length));
    }

    /// <summary>
    /// A network that sees one voxel only: then every weighting must give the same logits, so that weights and their sums are
    /// right.
    /// </summary>
    [Test]
    public void Weights_cancel_where_blocks_agree([Values] BlockBlending blending, [Values(0, 0.3, 0.75)] double overlap)
    {
        byte[][] whole = Probabilities(new SampleShape(Y, X, 1, Z), new PredictionSettings(), kernel: 1);
        byte[][] blocks = Probabilities(new SampleShape(16, 8, 1, 8), new PredictionSettings(overlap, blending), kernel: 1);
        for (int label = 0; label < whole.Length; label++)
            Assert.That(blocks[label].Zip(whole[label]).Max(pair => Math.Abs(pair.First - pair.Second)), Is.LessThanOrEqualTo(1));
    }

    /// <summary>A network of four channels, by blocks and at once.</summary>
    [TestCase(12, 16, 20, 0.5)]
    [TestCase(10, 11, 13, 0.45)]
    public void Blocks_of_four_volumes_give_the_labels_of_the_whole(int depth, int height, int width, double overlap)
    {
        byte[] whole = Predict(new SampleShape(Y, X, 1, Z, Volumes: 4), new PredictionSettings()).ToOriginal().Voxels;
        Assert.That(whole.Distinct().Count(), Is.EqualTo(3), "all classes");
        var block = new SampleShape(height, width, 1, depth, Volumes: 4);
        byte[] blocks = Predict(block, new PredictionSettings(overlap, BlockBlending.Nearest)).ToOriginal().Voxels;
        Assert.That(blocks, Is.EqualTo(whole));
    }

    /// <summary>Two volumes of three neighbouring slices: as many slices at a time as one likes.</summary>
    [Test]
    public void Slices_of_two_volumes_are_predicted_alike_in_any_batch()
    {
        var slices = new SampleShape(Y, X, 3, Volumes: 2);
        byte[] one = Predict(slices, new PredictionSettings(Batch: 1)).ToOriginal().Voxels,
            seven = Predict(slices, new PredictionSettings(Batch: 7)).ToOriginal().Voxels;
        Assert.That(one.Distinct().Count(), Is.GreaterThan(1));
        Assert.That(seven, Is.EqualTo(one));
    }

    /// <summary>Mirroring an image mirrors its prediction.</summary>
    [Test]
    public void Mirrored_prediction_is_symmetric()
    {
        var settings = new PredictionSettings(Mirror: true);
        byte[] there = Predict(new SampleShape(Y, X, 1, Z), settings).ToOriginal().Voxels;
        byte[] back = Predict(new SampleShape(Y, X, 1, Z), settings, mirrored: true).ToOriginal().Voxels;
        Assert.That(back.Chunk(X).SelectMany(row => row.Reverse()), Is.EqualTo(there));
        Assert.That(Predict(new SampleShape(Y, X, 1, Z), new PredictionSettings()).ToOriginal().Voxels, Is.Not.EqualTo(there));
    }

    /// <summary>The same scan stored along other axes: its labels, in the scan's own space, are the same.</summary>
    [Test]
    public void Every_orientation_of_a_scan_gives_the_same_labels(
        [Values("LAS", "RAS", "LPS", "RPI", "SRA", "AIL", "PSR", "ILP")] string axes
    )
    {
        Volume<float> scan = Scan(mirrored: false),
            stored = Orientation.Reorient(scan, axes);
        var block = new SampleShape(16, 16, 1, 8);
        Volume<byte> expected = Predict(block, new PredictionSettings(), scan).ToOriginal(),
            actual = Predict(block, new PredictionSettings(), stored).ToOriginal();
        Assert.That(actual.Geometry, Is.SameAs(stored.Geometry));
        Assert.That(Orientation.Reorient(actual, "LAS").Voxels, Is.EqualTo(expected.Voxels));
    }

    [TestCase(-0.1)]
    [TestCase(1)]
    public void Overlaps_out_of_range_are_refused(double overlap) =>
        Assert.That(new PredictionSettings(overlap).Validate, Throws.TypeOf<UsageException>().With.Message.Contains("overlap"));

    [TestCase(100, 32, 0.5, new[] { 0, 14, 27, 41, 54, 68 })]
    [TestCase(32, 32, 0.5, new[] { 0 })]
    [TestCase(33, 32, 0.5, new[] { 0, 1 })]
    [TestCase(64, 32, 0, new[] { 0, 32 })]
    public void Blocks_are_evenly_spread_from_end_to_end(int extent, int size, double overlap, int[] starts) =>
        Assert.That(new BlockWindows(extent, size, new PredictionSettings(overlap)).Starts, Is.EqualTo(starts));

    private static byte[][] Probabilities(SampleShape block, PredictionSettings settings, int kernel) =>
        [.. Predict(block, settings, kernel: kernel, withProbabilities: true).ProbabilitiesToOriginal().Select(p => p.Voxels)];

    private static Volume<float> Scan(bool mirrored)
    {
        var geometry = new Geometry(X, Y, Z, Affine.Diagonal(new Vector3d(-2, 2, 3), new Vector3d(5, 6, 7)));
        float[] image =
        [
            .. Enumerable
                .Range(0, geometry.VoxelCount)
                .Select(i =>
                {
                    int x = mirrored ? X - 1 - (i % X) : i % X;
                    return MathF.Sin(x * 0.5f) + MathF.Cos(i / X % Y * 0.4f) + MathF.Sin((i / (X * Y) * 0.7f) + (x * 0.1f));
                }),
        ];
        return new Volume<float>(geometry, image);
    }

    private static CaseSegmentation Predict(
        SampleShape block,
        PredictionSettings settings,
        Volume<float>? scan = null,
        bool mirrored = false,
        int kernel = 3,
        bool withProbabilities = false
    )
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var store = new ParameterStore(device, DType.Float32, seed: 4);
        Volume<float> first = scan ?? Scan(mirrored);
        Volume<float>[] volumes =
        [
            .. Enumerable.Range(0, block.Volumes).Select(volume => first.Map(v => volume == 0 ? v : MathF.Cos((volume + 1) * v))),
        ];
        var loaded = new LoadedCase("ct", Ct, volumes, null);
        var spacing = new VoxelSpacing(2, 2, 3);
        PreparedCase prepared = PreparedCase.Prepare(
            loaded,
            new PreprocessingSettings(block, [.. volumes.Select(_ => IntensityNormalization.None)], spacing),
            3
        );
        return new CasePredictor(backend, new SmallNetwork(store, kernel, block.Channels), 1, block, settings).Predict(
            prepared,
            withProbabilities
        );
    }

    private sealed class SmallNetwork(ParameterStore store, int kernel, int channels) : ISegmentationNetwork
    {
        private readonly Conv first = new(
            store,
            "first",
            channels,
            4,
            Size3.Cube(kernel),
            Initializer.Normal(0.5),
            hasBias: true
        );
        private readonly Conv second = new(store, "second", 4, 3, Size3.Cube(kernel), Initializer.Normal(0.5), hasBias: true);

        public ParameterStore Parameters => store;

        public int InputChannels => channels;

        public int Classes => 3;

        public Size3 Multiple => Size3.One;

        public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null) =>
            second.Forward(context, context.Tape.LeakyReLU(first.Forward(context, images), 0.2));
    }
}
