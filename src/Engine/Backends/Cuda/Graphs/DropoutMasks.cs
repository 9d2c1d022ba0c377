using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>
/// The dropout masks of recorded work, a bit per element, put off so that one launch before a part draws all that it is the first
/// to use. They stay for the parts after it.
/// </summary>
internal sealed class DropoutMasks(KernelLibrary kernels, nint streamOffset, MemoryPool pool) : IPreparation
{
    public const string File = "elementwise/dropout";

    /// <summary>Masks per launch, as in kernels/elementwise/parameters.cuh.</summary>
    private const int TableSize = 64;

    private const int BitsPerWord = 32;

    /// <summary>Readers may look that far behind the last byte.</summary>
    private const int Margin = 3;

    private readonly Dictionary<(DropoutMask Mask, long Elements), PutOffMask> masks = [];

    public string Name => "dropout masks";

    public int Part { get; set; }

    public IEnumerable<int> Parts => masks.Values.Select(mask => mask.Part).Distinct();

    public long Bytes => masks.Values.Sum(mask => mask.Bits.Capacity);

    /// <summary>Of the bits of a tensor's mask.</summary>
    public static long BytesOf(long elements) => (WordsOf(elements) * sizeof(uint)) + Margin;

    /// <summary>What the kernel is told of a mask.</summary>
    public static MaskToDraw Of(DropoutMask mask, long elements, nint bits) =>
        new()
        {
            Bits = bits,
            Words = WordsOf(elements),
            Seed = mask.Seed,
            Stream = mask.Stream,
            Threshold = (uint)mask.Threshold,
        };

    /// <summary>Launches the drawing of masks.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="masks">Any number.</param>
    /// <param name="streamOffset">Where the number lies that is added to their streams; 0 for none.</param>
    public static void Draw(KernelLibrary kernels, IEnumerable<MaskToDraw> masks, nint streamOffset)
    {
        foreach (MaskToDraw[] chunk in masks.Chunk(TableSize))
        {
            var table = new MaskTable { StreamOffset = streamOffset };
            for (int i = 0; i < chunk.Length; i++)
                table.Masks[i] = chunk[i];
            kernels.LaunchTable(File, "dropout_masks", chunk.Max(mask => mask.Words), chunk.Length, table);
        }
    }

    /// <summary>Where the bits of a mask will be when the part that is being recorded runs.</summary>
    public nint PutOff(DropoutMask mask, long elements)
    {
        if (!masks.TryGetValue((mask, elements), out PutOffMask known))
        {
            // Written before everything else that is recorded: no block that something before the reader may use.
            known = new PutOffMask(Part, pool.RentBesideReserve(BytesOf(elements)));
            masks.Add((mask, elements), known);
        }

        return known.Bits.Pointer;
    }

    public void Launch(int part) =>
        Draw(
            kernels,
            masks
                .Where(entry => entry.Value.Part == part)
                .Select(entry => Of(entry.Key.Mask, entry.Key.Elements, entry.Value.Bits.Pointer)),
            streamOffset
        );

    public void Dispose()
    {
        foreach (PutOffMask mask in masks.Values)
            pool.Return(mask.Bits);
    }

    private static long WordsOf(long elements) => (elements + BitsPerWord - 1) / BitsPerWord;

    private readonly record struct PutOffMask(int Part, DeviceBuffer Bits);

    /// <summary>kernels/elementwise/parameters.cuh: MaskToDraw.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MaskToDraw
    {
        public nint Bits;
        public long Words;
        public ulong Seed,
            Stream;
        public uint Threshold;
    }

    /// <summary>MaskTable.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MaskTable
    {
        public MaskRows Masks;
        public nint StreamOffset;
    }

    [InlineArray(TableSize)]
    internal struct MaskRows
    {
        private MaskToDraw first;
    }
}
