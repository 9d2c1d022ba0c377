using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>How the blocks of a kernel walk over (samples, positions, channels).</summary>
/// <param name="Parameters">For the kernel.</param>
/// <param name="Geometry">Grid and block.</param>
/// <param name="Chunks">Blocks along a sample's positions.</param>
/// <param name="Suffix">Of the kernel's name, see <see cref="SuffixOf"/>.</param>
internal readonly record struct SweepPlan(KernelChannelSweep Parameters, LaunchGeometry Geometry, int Chunks, string Suffix)
{
    /// <summary>Of the names of kernels whose threads take eight neighbours.</summary>
    public const string WideSuffix = "_8";

    /// <summary>Of the names of kernels with a tensor that is stored as bfloat16.</summary>
    public const string BFloat16Suffix = "_bf16";

    /// <summary>Channels of a sweep: a grid has at most 65,535 tiles along them.</summary>
    public const int MostChannels = 65_535 * MostLanes;

    private const int Threads = 256,
        MostLanes = 32,
        Width = 8,
        Alignment = 16,
        PositionsPerThread = 8;

    /// <summary>A sweep whose threads take eight channels where all that they read and write allows it.</summary>
    /// <param name="samples">Number of samples.</param>
    /// <param name="positions">Of a sample.</param>
    /// <param name="channels">That are walked over.</param>
    /// <param name="tensors">That are walked over, in the order of the kernel's name.</param>
    /// <param name="places">Numbers of channels, and first ones, of tensors with other channels.</param>
    public static SweepPlan Over(
        int samples,
        int positions,
        int channels,
        ReadOnlySpan<Tensor> tensors,
        params ReadOnlySpan<int> places
    )
    {
        bool wide = IsWide(channels, tensors);
        foreach (int place in places)
            wide &= place % Width == 0;
        (int lanes, int tiles) = LanesOf(channels, wide);
        int chunk = Math.Min(positions, Threads / lanes * PositionsPerThread),
            chunks = PositionTiles.Divide(positions, chunk);
        return new SweepPlan(
            new KernelChannelSweep(positions, channels, chunk, lanes),
            new LaunchGeometry(chunks, tiles, samples, Threads, 0),
            chunks,
            SuffixOf(tensors, wide)
        );
    }

    /// <summary>Threads side by side along the channels, and tiles of so many that it takes.</summary>
    public static (int Lanes, int Tiles) LanesOf(int channels, bool wide)
    {
        int groups = wide ? channels / Width : channels,
            lanes = Math.Min(MostLanes, (int)BitOperations.RoundUpToPowerOf2((uint)groups));
        return (lanes, PositionTiles.Divide(groups, lanes));
    }

    /// <summary>Whether threads can take eight neighbours at a time, of rows of so many.</summary>
    public static bool IsWide(long count, ReadOnlySpan<Tensor> tensors)
    {
        bool wide = count % Width == 0;
        foreach (Tensor tensor in tensors)
            wide &= tensor.Pointer % Alignment == 0;
        return wide;
    }

    /// <summary>
    /// What a kernel's name ends with: how each of its tensors is stored (f32 or bf16) unless all are float32, and whether a
    /// thread takes eight neighbours.
    /// </summary>
    public static string SuffixOf(ReadOnlySpan<Tensor> tensors, bool wide)
    {
        var stored = new StringBuilder();
        bool narrow = false;
        foreach (Tensor tensor in tensors)
        {
            narrow |= tensor.DType == DType.BFloat16;
            stored.Append(tensor.DType == DType.BFloat16 ? BFloat16Suffix : "_f32");
        }

        return (narrow ? stored.ToString() : "") + (wide ? WideSuffix : "");
    }
}

/// <summary>kernels/common/channel_sweep.cuh: ChannelSweep.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct KernelChannelSweep(int positions, int channels, int chunk, int lanes)
{
    private readonly int positions = positions,
        channels = channels,
        chunk = chunk,
        lanes = lanes;

    /// <summary>Of a sample.</summary>
    public int Positions => positions;

    public int Channels => channels;

    /// <summary>Positions of a block.</summary>
    public int Chunk => chunk;

    /// <summary>Threads side by side along the channels.</summary>
    public int Lanes => lanes;
}
