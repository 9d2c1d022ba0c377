using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Tests.Benchmarks;
using UnpairedSegEngine.Segmentation.Tests.Training;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Inference;

/// <summary>
/// Predictions by recorded passes, whose results stay on the emulated device where they can, against passes that launch every
/// kernel and leave the rest to the host.
/// </summary>
internal sealed class RecordedPredictionTests
{
    private const int ClassCount = 3;

    private static readonly Modality Ct = new("CT", 0),
        Mr = new("MR", 1);

    private static readonly SampleShape Block = new(8, 8, 1, 4);

    /// <summary>
    /// A volume smaller than a block, one of a block, and some with a last batch that is not full. Along the way back to another
    /// spacing scores are interpolated; else labels come home.
    /// </summary>
    [TestCase(5, 7, 3, BlockBlending.Gaussian, 1)]
    [TestCase(8, 8, 4, BlockBlending.Gaussian, 1)]
    [TestCase(13, 11, 7, BlockBlending.Gaussian, 1)]
    [TestCase(13, 11, 7, BlockBlending.Gaussian, 1.5)]
    [TestCase(17, 8, 9, BlockBlending.Nearest, 1)]
    [TestCase(12, 9, 5, BlockBlending.Uniform, 0.8)]
    public void Blocks_become_the_volume_of_launched_passes(int x, int y, int z, BlockBlending blending, double spacing)
    {
        var settings = new PredictionSettings(0.5, blending);
        (Volume<float> Image, Modality Modality)[] cases = [(Scan(x, y, z), Ct), (Scan(x, y, z), Mr), (Scan(x, y, z), Mr)];
        AssertAlike(cases, Block, settings, spacing);
    }

    /// <summary>Slices of one size by two modalities, eight and three at a time.</summary>
    [TestCase(11, 3, 1)]
    [TestCase(2, 8, 1)]
    [TestCase(9, 4, 1.3)]
    public void Slices_become_the_volume_of_launched_passes(int z, int batch, double spacing)
    {
        (Volume<float> Image, Modality Modality)[] cases = [(Scan(9, 8, z), Mr), (Scan(9, 8, z), Ct), (Scan(9, 8, z), Ct)];
        AssertAlike(cases, new SampleShape(8, 9, 3), new PredictionSettings(Batch: batch), spacing);
    }

    [Test]
    public void Mirrored_passes_become_the_volume_of_launched_ones([Values(1, 4)] int depth) =>
        AssertAlike(
            [(Scan(11, 9, 6), Ct)],
            new SampleShape(8, 8, 1, depth),
            new PredictionSettings(Mirror: true, Batch: 3),
            spacing: 1
        );

    /// <summary>Normalizations that look at their own sample only.</summary>
    [TestCase(NormalizationKind.Instance)]
    [TestCase(NormalizationKind.Group)]
    [TestCase(NormalizationKind.Batch)]
    public void A_sample_does_not_see_the_others_of_its_batch(NormalizationKind normalization)
    {
        var slices = new SampleShape(8, 9, 1);
        byte[][][] batches =
        [
            .. new[] { 1, 2, 5, 16 }.Select(batch =>
            {
                using var bench = new Bench(normalization: normalization);
                return bench.Probabilities(
                    bench.Prepare(Scan(9, 8, 9), Ct, slices, 1),
                    slices,
                    new PredictionSettings(Batch: batch)
                );
            }),
        ];
        foreach (byte[][] other in batches[1..])
            Assert.That(other, Is.EqualTo(batches[0]));
    }

    /// <summary>Of 13 x 11 x 7 voxels of overlapping blocks, and of slices, nothing but a label each.</summary>
    [Test]
    public void Only_labels_come_home([Values(1, 4)] int depth)
    {
        using var bench = new Bench();
        var sample = new SampleShape(11, 13, 1);
        if (depth > 1)
            sample = Block;
        PreparedCase prepared = bench.Prepare(Scan(13, 11, 7), Ct, sample, 1);
        using CasePredictor predictor = bench.Open(sample, new PredictionSettings(Batch: 2));
        predictor.Predict(prepared);
        long first = bench.Driver.BytesToHost;
        Assert.That(bench.Driver.Replayed, Is.Not.Empty);
        predictor.Predict(prepared);
        int padded = depth > 1 ? 7 : 8;
        Assert.That(bench.Driver.BytesToHost - first, Is.EqualTo(padded * 13 * 11 * sizeof(int)));
    }

    /// <summary>Of a case of four batches the first is launched, the others are replayed; of the next of its kind, all.</summary>
    [Test]
    public void A_pass_is_recorded_once()
    {
        using var bench = new Bench();
        var slices = new SampleShape(8, 9, 1);
        using CasePredictor predictor = bench.Open(slices, new PredictionSettings(Batch: 3));
        PreparedCase prepared = bench.Prepare(Scan(9, 8, 11), Ct, slices, 1);
        predictor.Predict(prepared);
        Assert.That(bench.Driver.Replayed.Count(launch => launch.Kernel == "max_with_index"), Is.EqualTo(3));
        predictor.Predict(prepared);
        Assert.That(bench.Driver.Replayed.Count(launch => launch.Kernel == "max_with_index"), Is.EqualTo(7));
    }

    [Test]
    public void Labels_of_images_are_those_of_launched_passes()
    {
        var sample = new SampleShape(8, 9, 1);
        float[][] images = [.. Enumerable.Range(1, 7).Select(i => Scan(9, 8, i).Slice(i - 1).ToArray())];
        byte[][][] both =
        [
            .. new[] { false, true }.Select(records =>
            {
                using var bench = new Bench(records);
                using CasePredictor predictor = bench.Open(sample, new PredictionSettings(Batch: 3));
                return predictor.Labels(images, Mr).ToArray();
            }),
        ];
        Assert.That(both[1], Is.EqualTo(both[0]));
        Assert.That(both[0].SelectMany(labels => labels).Distinct().Count(), Is.GreaterThan(1));
    }

    [Test]
    public void A_prediction_that_was_stopped_can_be_made_again([Values(1, 4)] int depth)
    {
        SampleShape sample = Block with { Depth = depth };
        using var bench = new Bench();
        PreparedCase prepared = bench.Prepare(Scan(13, 11, 7), Ct, sample, 1);
        using CasePredictor predictor = bench.Open(sample, new PredictionSettings(Batch: 2));
        byte[] expected = predictor.Predict(prepared).ToOriginal().Voxels;
        using var stop = new CancellationTokenSource();
        bench.Driver.WhenReplayed = number =>
        {
            if (number == 2)
                stop.Cancel();
        };
        Assert.That(() => predictor.Predict(prepared, stop: stop.Token), Throws.InstanceOf<OperationCanceledException>());
        bench.Driver.WhenReplayed = null;
        Assert.That(predictor.Predict(prepared).ToOriginal().Voxels, Is.EqualTo(expected));
    }

    /// <summary>
    /// Whichever request for memory is refused: batches get smaller, passes are launched one by one, or the host adds up.
    /// </summary>
    [Test]
    public void A_device_that_is_full_costs_time_only([Values(1, 4)] int depth)
    {
        SampleShape sample = Block with { Depth = depth };
        long requests = 0;
        byte[] expected = Predict(failing: 0);
        long before = RequestsOfWeights(),
            all = requests;
        Assert.That(all, Is.GreaterThan(before + 20));
        for (long failing = before + 1; failing <= all; failing += 1 + ((failing - before) / 12))
            Assert.That(Predict(failing), Is.EqualTo(expected), $"request {failing} of {all}");

        byte[] Predict(long failing)
        {
            FailingMemory? memory = null;
            using var bench = new Bench(memory: inner => memory = new FailingMemory(inner, failing));
            PreparedCase prepared = bench.Prepare(Scan(13, 9, 6), Ct, sample, 1);
            using CasePredictor predictor = bench.Open(sample, new PredictionSettings(Batch: 3));
            byte[] labels = predictor.Predict(prepared).ToOriginal().Voxels;
            requests = memory!.Requests;
            return labels;
        }

        static long RequestsOfWeights()
        {
            FailingMemory? memory = null;
            using var bench = new Bench(memory: inner => memory = new FailingMemory(inner, 0));
            return memory!.Requests;
        }
    }

    private static void AssertAlike(
        (Volume<float> Image, Modality Modality)[] cases,
        SampleShape sample,
        PredictionSettings settings,
        double spacing
    )
    {
        foreach (bool withProbabilities in new[] { false, true })
        {
            byte[][][] launched = Predict(records: false),
                recorded = Predict(records: true);
            Assert.That(recorded, Is.EqualTo(launched));
            Assert.That(launched.SelectMany(volumes => volumes[0]).Distinct().Count(), Is.GreaterThan(1));

            byte[][][] Predict(bool records)
            {
                using var bench = new Bench(records);
                using CasePredictor predictor = bench.Open(sample, settings);
                byte[][][] results =
                [
                    .. cases.Select(one =>
                    {
                        PreparedCase prepared = bench.Prepare(one.Image, one.Modality, sample, spacing);
                        CaseSegmentation segmentation = predictor.Predict(prepared, withProbabilities);
                        return (byte[][])
                            [
                                segmentation.ToOriginal().Voxels,
                                .. segmentation.ProbabilitiesToOriginal().Select(volume => volume.Voxels),
                            ];
                    }),
                ];
                Assert.That(bench.Driver.Replayed.Count > 0, Is.EqualTo(records));
                return results;
            }
        }
    }

    private static Volume<float> Scan(int x, int y, int z)
    {
        var geometry = new Geometry(x, y, z, Affine.Diagonal(new Vector3d(-1, 1, 1), new Vector3d(5, 6, 7)));
        return new Volume<float>(
            geometry,
            [
                .. Enumerable
                    .Range(0, geometry.VoxelCount)
                    .Select(i => MathF.Sin(i % x * 0.7f) + MathF.Cos(i / x % y * 0.9f) + MathF.Sin(i / (x * y) * 1.1f)),
            ]
        );
    }

    /// <summary>A network on an emulated device that is watched.</summary>
    private sealed class Bench : IDisposable
    {
        private readonly Device device;
        private readonly CudaBackend backend;
        private readonly ParameterStore store;
        private readonly NormalizationKind normalization;
        private readonly Dictionary<int, ISegmentationNetwork> networks = [];

        public Bench(
            bool records = true,
            NormalizationKind normalization = NormalizationKind.Batch,
            Func<IMemorySource, IMemorySource>? memory = null
        )
        {
            if (EmulatedCudaDriver.UnavailableReason is { } reason)
                Assert.Ignore(reason);
            this.normalization = normalization;
            device = memory is null ? Device.OpenCpu() : Device.OpenCpu(memory);
            Driver = new WatchedCudaDriver(new EmulatedCudaDriver());
            backend = CudaBackend.Open(device, Driver, ConvolutionPrecision.Fp32, records);
            store = new ParameterStore(device, DType.Float32, seed: 4);
            foreach (int channels in new[] { 1, 3 })
                networks.Add(channels, new NormalizedNetwork(store, channels, normalization));
        }

        public WatchedCudaDriver Driver { get; }

        public CasePredictor Open(SampleShape sample, PredictionSettings settings) =>
            new(backend, networks[sample.Channels], 2, sample, settings);

        public PreparedCase Prepare(Volume<float> image, Modality modality, SampleShape sample, double spacing) =>
            PreparedCase.Prepare(
                new LoadedCase("case", modality, [image], null),
                new PreprocessingSettings(
                    sample,
                    [IntensityNormalization.None, IntensityNormalization.None],
                    new VoxelSpacing(spacing, spacing, spacing)
                ),
                ClassCount
            );

        public byte[][] Probabilities(PreparedCase prepared, SampleShape sample, PredictionSettings settings)
        {
            using CasePredictor predictor = Open(sample, settings);
            return [.. predictor.Predict(prepared, true).ProbabilitiesToOriginal().Select(volume => volume.Voxels)];
        }

        public void Dispose()
        {
            store.Dispose();
            backend.Dispose();
            Assert.That(device.Pool.LiveBuffers, Is.Zero, $"buffers, {normalization}");
            device.Dispose();
        }
    }

    private sealed class NormalizedNetwork(ParameterStore store, int channels, NormalizationKind kind) : ISegmentationNetwork
    {
        private readonly Conv first = new(
            store,
            $"first{channels}",
            channels,
            8,
            Size3.Cube(3),
            Initializer.Normal(0.5),
            hasBias: true
        );
        private readonly ModalityNorm norm = new(
            store,
            $"norm{channels}",
            8,
            new NormalizationSettings(kind, Modalities: 2, Groups: 2)
        );
        private readonly Conv second = new(
            store,
            $"second{channels}",
            8,
            ClassCount,
            Size3.Cube(3),
            Initializer.Normal(0.5),
            hasBias: true
        );

        public ParameterStore Parameters => store;

        public int InputChannels => channels;

        public int Classes => ClassCount;

        public Size3 Multiple => Size3.One;

        public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null) =>
            second.Forward(context, norm.Forward(context, first.Forward(context, images), DropoutMask.None));
    }
}
