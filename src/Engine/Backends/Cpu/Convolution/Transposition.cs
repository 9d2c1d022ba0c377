using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>Transposes small matrices between interleaved and planar channels.</summary>
internal static unsafe class Transposition
{
    /// <summary>target[column, row] = source[row, column], with the given distances between rows of each.</summary>
    public static void Run<T>(T* source, int rows, int columns, int sourceStride, T* target, int targetStride)
        where T : unmanaged
    {
        int doneRows = 0,
            doneColumns = 0;
        if (sizeof(T) == sizeof(float) && Sse.IsSupported)
        {
            (doneRows, doneColumns) = (rows & ~3, columns & ~3);
            for (int column = 0; column < doneColumns; column += 4)
            {
                for (int row = 0; row < doneRows; row += 4)
                    Block4(
                        (float*)source + ((long)row * sourceStride) + column,
                        sourceStride,
                        (float*)target + ((long)column * targetStride) + row,
                        targetStride
                    );
            }
        }

        for (int column = 0; column < columns; column++)
        {
            for (int row = column < doneColumns ? doneRows : 0; row < rows; row++)
                target[((long)column * targetStride) + row] = source[((long)row * sourceStride) + column];
        }
    }

    private static void Block4(float* source, int sourceStride, float* target, int targetStride)
    {
        Vector128<float> a = Vector128.Load(source),
            b = Vector128.Load(source + sourceStride);
        Vector128<float> c = Vector128.Load(source + (2L * sourceStride)),
            d = Vector128.Load(source + (3L * sourceStride));
        Vector128<float> abLow = Sse.UnpackLow(a, b),
            abHigh = Sse.UnpackHigh(a, b),
            cdLow = Sse.UnpackLow(c, d),
            cdHigh = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(abLow, cdLow).Store(target);
        Sse.MoveHighToLow(cdLow, abLow).Store(target + targetStride);
        Sse.MoveLowToHigh(abHigh, cdHigh).Store(target + (2L * targetStride));
        Sse.MoveHighToLow(cdHigh, abHigh).Store(target + (3L * targetStride));
    }
}
