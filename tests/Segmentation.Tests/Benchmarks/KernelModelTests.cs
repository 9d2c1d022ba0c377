using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Bench.Modelling;

namespace UnpairedSegEngine.Segmentation.Tests.Benchmarks;

/// <summary>The model's arithmetic on a GPU whose numbers are easy to follow.</summary>
internal sealed class KernelModelTests
{
    /// <summary>A cycle is a nanosecond, and nothing is lost to waiting.</summary>
    private static readonly GpuModel Simple = GpuModel.H100 with
    {
        Multiprocessors = 10,
        GigaHertz = 1,
        IssueRate = 1,
        WarpIssueRate = 0.5,
        ExecutedShare = 1,
        LoadCycles = 100,
        LaunchMicroseconds = 0,
        CacheMBytes = 1,
        CacheGBytes = 100,
        MemoryGBytes = 10,
        TensorFlops = 1000,
        MmaShare = 1,
        WgmmaShare32 = 1,
        BlockStartCycles = 0,
    };

    private const double Nanosecond = 1e-6;

    private TemporaryFolder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [TestCase(4000, 0, 0, 0, 100, "instructions")]
    [TestCase(4000, 20_000, 0, 0, 200, "memory")]
    [TestCase(4000, 2_000_000, 0, 0, 200_000, "memory")]
    [TestCase(4000, 20_000, 5000, 0, 500, "tensor cores")]
    [TestCase(4000, 20_000, 5000, 600, 600, "latency")]
    public void The_longest_part_counts(
        double instructions,
        double bytes,
        double tensor,
        double block,
        double nanoseconds,
        string bound
    )
    {
        // 10 blocks: a tenth of everything on each multiprocessor, whose four schedulers issue one instruction each.
        LaunchTime time = new KernelTimes(Simple, Costs()).TimeOf(
            new LaunchWork
            {
                WarpInstructions = instructions,
                Bytes = bytes,
                TensorCycles = tensor,
                BlockCycles = block,
            },
            new LaunchGeometry(10, 256),
            new KernelCost("k") { CodeBytes = 16 }
        );
        Assert.That(time.Milliseconds, Is.EqualTo(nanoseconds * Nanosecond).Within(1e-9));
        Assert.That(time.Bound, Is.EqualTo(bound));
    }

    /// <summary>
    /// Eleven blocks on ten multiprocessors take as long as twenty; those that fit beside each other are one wave.
    /// </summary>
    [Test]
    public void Blocks_come_in_whole_rounds()
    {
        var times = new KernelTimes(Simple, Costs());
        double Of(LaunchWork work, int blocks, int threads) =>
            times
                .TimeOf(work, new LaunchGeometry(blocks, threads), new KernelCost("k") { CodeBytes = 16, Registers = 32 })
                .Milliseconds / Nanosecond;
        Assert.That(Of(new LaunchWork { WarpInstructions = 4400 }, 11, 256), Is.EqualTo(200).Within(1e-6));
        Assert.That(Of(new LaunchWork { BlockCycles = 50 }, 80, 256), Is.EqualTo(50).Within(1e-6), "8 of 256 threads fit");
        Assert.That(Of(new LaunchWork { BlockCycles = 50 }, 81, 256), Is.EqualTo(100).Within(1e-6));
        Assert.That(Of(new LaunchWork { BlockCycles = 50 }, 21, 1024), Is.EqualTo(100).Within(1e-6), "2 of 1024 threads fit");
    }

    /// <summary>
    /// 64 positions of 64 channels: eight lanes of eight channels, 32 rows, so two rounds of a loop of 30 instructions after 20
    /// others; x and y are 16 KB each.
    /// </summary>
    [Test]
    public void A_sweep_follows_from_its_parameters()
    {
        KernelCosts costs = Costs("| normalization_forward_8 | 800 | memory | 30 | 3.8 | 0 | 0 | 40 / 32 | 0 / 0 | 0 | 0 |");
        var launch = new KernelLaunch(
            "normalization_forward_8",
            new LaunchGeometry(1, 1, 1, 256, 0),
            new NormalizationApplyParameters { Sweep = new KernelChannelSweep(64, 64, 64, 8) }
        );
        LaunchWork work = new KernelWork(Simple).Of(launch, costs.Find(launch.Kernel))!;
        Assert.That(work.WarpInstructions, Is.EqualTo(8 * ((2 * 30) + 20)));
        Assert.That(work.Bytes, Is.EqualTo(2 * 64 * 64 * 4));
        Assert.That(work.BlockCycles, Is.EqualTo((80 / 0.5) + (3 * 100)));
    }

    /// <summary>Costs of a time before a kernel took eight channels: its scalar loop, eight times.</summary>
    [Test]
    public void Older_costs_of_a_scalar_kernel_stand_for_the_wide_one()
    {
        KernelCosts costs = Costs("| residual_add | 800 | memory | 30 | 30 | 0 | 0 | 8 / 4 | 0 / 0 | 0 | 0 |");
        var launch = new KernelLaunch(
            "residual_add_8",
            new LaunchGeometry(1, 1, 1, 256, 0),
            new CudaSingles.ResidualParameters { Sweep = new KernelChannelSweep(64, 64, 64, 8), ShortcutChannels = 32 }
        );
        LaunchWork work = new KernelWork(Simple).Of(launch, costs.Find(launch.Kernel))!;
        Assert.That(work.WarpInstructions, Is.EqualTo(8 * ((2 * 8 * 30) + 20)));
        Assert.That(work.Bytes, Is.EqualTo(2.5 * 64 * 64 * 4), "half of the channels have a shortcut");
        Assert.That(costs.HasSurroundings, Is.False);
    }

    /// <summary>
    /// Two chunks of 32 channels and nine taps, one tile of 256 positions per block. A tap multiplies for 2 * 256 * 32 * 32 /
    /// 1000 cycles; its 50 instructions take 100, with two fences 500 more. A halo of 288 positions are twelve loads
    /// per thread, five under way at a time, of which half is for normalization and dropout. A round may have the products of
    /// several taps.
    /// </summary>
    [TestCase(0, 1000, 18 * 524.288, "tensor cores")]
    [TestCase(2, 1000, 18 * 600, "instructions of taps", 2)]
    [TestCase(2, 1000, 18 * 600, "instructions of taps")]
    [TestCase(0, 5000, 2 * 2.4 * 5100, "producers")]
    public void The_longer_of_producers_and_consumers_counts(
        int fences,
        int loading,
        double cycles,
        string bound,
        int unrolled = 1
    )
    {
        const string Kernel = "convolution_backward_data_wgmma_bf16_32";
        KernelCosts costs = Costs(
            $"| {Kernel} | 80000 | products | {50 * unrolled} |  | 0 | {fences} | 0 / 0 | 0 / 0 | {4 * unrolled} | 0 |",
            $"| {Kernel} | 80000 | memory | {loading} | | 0 | 0 | 624 / 0 | 0 / 96 | 0 | 0 |"
        );
        var launch = new KernelLaunch(
            Kernel,
            new LaunchGeometry(10, 384),
            new GatherParameters
            {
                Samples = 10,
                Channels = 64,
                Outputs = 32,
                Chunk = 32,
                Transform = KernelInputTransform.Identity,
                Input = new Size3(1, 16, 16),
                Count = new Size3(1, 16, 16),
                Taps = new Size3(1, 3, 3),
                Tiles = new Size3(1, 1, 1),
                Tile = new Size3(1, 16, 16),
                Halo = new Size3(1, 16, 18),
            }
        );
        LaunchWork work = new KernelWork(Simple with { IdentityShare = 0.5, FenceCycles = 250 }).Of(launch, costs.Find(Kernel))!;
        Assert.That(work.BlockCycles, Is.EqualTo(cycles).Within(0.01));
        Assert.That(work.BlockBound, Is.EqualTo(bound));
        Assert.That(work.Bytes, Is.EqualTo(10 * 256 * (64 + 32) * 4));
    }

    /// <summary>
    /// Two strips of one image, eight channels, whose blocks of 128 threads load a halo of 256 positions in two rounds of 10
    /// instructions, of which 0.45 are for whole channels, and multiply three taps, in two steps, or one, in one: of 16 outputs
    /// and four products each. 20 instructions store.
    /// </summary>
    [Test]
    public void Gathers_of_a_table_add_up()
    {
        const string Kernel = "convolution_backward_data_many_bf16_16";
        KernelCosts costs = Costs(
            $"| {Kernel} | 80000 | products | 7 |  | 0 | 0 | 0 / 0 | 0 / 0 | 4 | 0 |",
            $"| {Kernel} | 80000 | memory | 10 | | 0 | 0 | 32 / 0 | 0 / 16 | 0 | 0 |",
            $"| {Kernel} | 80000 | around | 20 | | 0 | 0 | 0 / 4 | 0 / 0 | 0 | 0 |"
        );
        var three = new GatherParameters
        {
            Samples = 1,
            Channels = 8,
            Outputs = 16,
            Chunk = 8,
            Transform = KernelInputTransform.Identity,
            Input = new Size3(1, 64, 64),
            Count = new Size3(1, 1, 256),
            Taps = new Size3(1, 1, 3),
            Tiles = new Size3(1, 1, 2),
            Halo = new Size3(1, 1, 256),
        };
        GatherParameters one = three with { Tiles = new Size3(1, 1, 1), Taps = Size3.One };
        var table = default(GatherTable);
        (table[0], table[1]) = (three, one);
        var launch = new KernelLaunch(Kernel, new LaunchGeometry(2, 1, 2, 128, 0), table);
        LaunchWork work = new KernelWork(Simple with { IdentityShare = 1, PlainStoreShare = 1 }).Of(launch, costs.Find(Kernel))!;
        double large = (2 * 4.5) + (2 * 7) + 20,
            small = (2 * 4.5) + 7 + 20;
        Assert.That(work.WarpInstructions, Is.EqualTo(4 * ((2 * large) + small)));
        Assert.That(work.BlockCycles, Is.EqualTo((large / 0.5) + (2 * 100)));
        Assert.That(
            work.Bytes,
            Is.EqualTo(4 * (((512 + 256) * 8) + (2 * 256 * 16))),
            "halos, not the whole image; and the results"
        );
    }

    /// <summary>Only the boxes count, a round of 10 instructions and 40 others for each element.</summary>
    [Test]
    public void A_fold_visits_the_border()
    {
        KernelCosts costs = Costs("| convolution_fold | 800 | memory | 10 | | 0 | 0 | 4 / 0 | 0 / 0 | 0 | 0 |");
        var fold = new FoldParameters
        {
            Samples = 2,
            Channels = 64,
            Input = new Size3(1, 32, 32),
        };
        fold.Boxes[0] = new PositionBox { Size = new Size3(1, 1, 32) };
        fold.Boxes[1] = new PositionBox { Size = new Size3(1, 31, 1) };
        var launch = new KernelLaunch("convolution_fold", new LaunchGeometry(16, 2, 1, 256, 0), fold);
        LaunchWork work = new KernelWork(Simple).Of(launch, costs.Find(launch.Kernel))!;
        double elements = 2 * 64 * 63;
        Assert.That(work.WarpInstructions, Is.EqualTo(elements / 32 * 50));
        Assert.That(work.Bytes, Is.EqualTo(3 * 4 * elements));
    }

    /// <summary>
    /// A tile of 64 positions of 64 channels and outputs. Its halo of 10 x 10 is 80 rows of 160 bytes, its output gradient 64
    /// rows
    /// of 128: 20,992 bytes at 10 per cycle, or 144 copies.
    /// </summary>
    [TestCase(1, 20992 / 10.0)]
    [TestCase(30, 144 * 30.0)]
    public void Copies_take_their_bytes_or_their_number(double copyCycles, double cycles)
    {
        const string Kernel = "convolution_backward_weights_wgmma_bf16";
        KernelCosts costs = Costs(
            $"| {Kernel} | 46976 | products | 25 |  | 0 | 0 | 0 / 0 | 20 / 0 | 3 | 0 |",
            $"| {Kernel} | 46976 | memory | 27 | | 0 | 0 | 0 / 0 | 0 / 16 | 0 | 0 |"
        );
        Size3 tile = Size3.Planar(8),
            halo = Size3.Planar(10);
        var operand = new OperandLayout { Extent = halo };
        var launch = new KernelLaunch(
            Kernel,
            new LaunchGeometry(1, 512),
            new WeightGradientParameters
            {
                Samples = 1,
                Channels = 64,
                Outputs = 64,
                Input = tile,
                Output = tile,
                Kernel = Size3.Planar(3),
                Tile = tile,
                Tiles = Size3.One,
                Halo = halo,
                TilesPerSplit = 1,
                TilesPerSum = 1,
                XOperand = operand,
                GyOperand = operand with { Extent = tile },
            }
        );
        GpuModel gpu = Simple with { CopyCycles = copyCycles, TensorFlops = 1e6, WgmmaShare64 = 1 };
        LaunchWork work = new KernelWork(gpu).Of(launch, costs.Find(Kernel))!;
        Assert.That(work.BlockCycles, Is.EqualTo(cycles).Within(0.01));
        Assert.That(work.BlockBound, Is.EqualTo("producers"));
        Assert.That(work.Bytes, Is.EqualTo((64 * (100 + 64) * 2) + (9 * 64 * 64 * 4)));
    }

    /// <summary>Nothing is silently free.</summary>
    [Test]
    public void What_has_no_costs_counts_its_bytes_and_says_so()
    {
        var launch = new KernelLaunch(
            "elementwise_add",
            new LaunchGeometry(1, 256),
            new CudaSingles.ElementwiseParameters
            {
                A = 1,
                B = 1,
                Count = 100_000,
            }
        );
        (LaunchTime time, _) = new KernelTimes(Simple, Costs()).Of(launch);
        Assert.That(time.Bound, Is.EqualTo("not modelled"));
        Assert.That(time.Milliseconds, Is.EqualTo(1_200_000 / 10.0 * Nanosecond).Within(1e-9));
        (time, _) = new KernelTimes(GpuModel.H100, Costs()).Of(launch with { Parameters = 0 });
        Assert.That(time.Bound, Is.EqualTo("not modelled"));
        Assert.That(time.Milliseconds, Is.EqualTo(GpuModel.H100.LaunchMicroseconds / 1e3));
    }

    [TestCase("nothing here", "no kernel costs")]
    [TestCase("| adam | many | memory | 1 | | 0 | 0 | 0 / 0 | 0 / 0 | 0 | 0 |", "line 1: no row")]
    [TestCase("| adam | 16 | inside | 1 | | 0 | 0 | 0 / 0 | 0 / 0 | 0 | 0 |", "line 1: no row")]
    [TestCase("| adam | 16 | memory | 1 |", "line 1: no row")]
    public void Damaged_costs_are_refused(string text, string fault)
    {
        string path = folder.File("costs.md");
        File.WriteAllText(path, text);
        Assert.That(
            () => KernelCosts.Read(path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(fault).And.Message.Contains(path)
        );
    }

    private KernelCosts Costs(params string[] rows)
    {
        string path = folder.File("costs.md");
        File.WriteAllLines(
            path,
            [
                "# costs",
                "| kernel | code, bytes | loop |",
                "|---|---:|---|",
                "| none_at_all | 160 | none | | | | | | | | |",
                .. rows,
            ]
        );
        return KernelCosts.Read(path);
    }
}
