using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    /// <summary>Sums that are in registers together: of so many rows, and two vectors of columns.</summary>
    private const int TileRows = 4;

    /// <summary>Rows of a unit, which copies its columns of the right matrix, and products between two copies.</summary>
    private const int UnitRows = 256,
        PanelDepth = 512;

    private readonly AlignedScratch[] panels = PerWorker(threads);

    private static int PanelColumns => 2 * TVector.Count;

    /// <summary>Each element is summed up in the order of the inner axis, whatever the unit that it is of.</summary>
    public override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y)
    {
        T* left = PointerOf(a),
            right = PointerOf(b),
            target = PointerOf(y);
        (int rows, int columns) = (y.Shape[0], y.Shape[1]);
        int depth = a.Shape[transposeA ? 0 : 1];
        (int aRow, int aStep) = transposeA ? (1, rows) : (depth, 1);
        int blocks = (rows + UnitRows - 1) / UnitRows,
            columnPanels = (columns + PanelColumns - 1) / PanelColumns;
        ForRanges(
            (long)blocks * columnPanels,
            Math.Max(1, StreamingGrain / ((long)Math.Min(rows, UnitRows) * depth * PanelColumns)),
            (from, to, worker) =>
            {
                T* panel = panels[worker].Get<T>((PanelDepth + TileRows) * PanelColumns),
                    tile = panel + (PanelDepth * PanelColumns);
                for (long unit = from; unit < to; unit++)
                {
                    int firstRow = (int)(unit % blocks) * UnitRows,
                        endRow = Math.Min(rows, firstRow + UnitRows),
                        column = (int)(unit / blocks) * PanelColumns,
                        lanes = Math.Min(PanelColumns, columns - column);
                    for (int first = 0; first < depth; first += PanelDepth)
                    {
                        int slices = Math.Min(PanelDepth, depth - first);
                        if (transposeB)
                            CopyTurned(right + ((long)column * depth) + first, depth, slices, lanes, panel);
                        else
                            CopyRows(right + ((long)first * columns) + column, columns, slices, lanes, panel);
                        for (int row = firstRow; row < endRow; row += TileRows)
                        {
                            int tileRows = Math.Min(TileRows, endRow - row);
                            T* sums = target + ((long)row * columns) + column;
                            if (first == 0)
                                new Span<T>(tile, TileRows * PanelColumns).Clear();
                            else
                                CopyRectangle(sums, columns, tile, PanelColumns, tileRows, lanes);
                            AddProducts(
                                left + ((long)row * aRow) + ((long)first * aStep),
                                aRow,
                                aStep,
                                panel,
                                slices,
                                tileRows,
                                tile
                            );
                            CopyRectangle(tile, PanelColumns, sums, columns, tileRows, lanes);
                        }
                    }
                }
            }
        );
    }

    /// <summary>
    /// tile[i, j] += sum over k of a[i, k] panel[k, j] for 1 to 4 rows i; what the tile has in others means nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddProducts(T* a, long aRow, long aStep, T* panel, int depth, int rows, T* tile)
    {
        // Rows that are missing read the last one again.
        T* a1 = a + (Math.Min(1, rows - 1) * aRow),
            a2 = a + (Math.Min(2, rows - 1) * aRow),
            a3 = a + ((rows - 1) * aRow);
        TVector sum00 = TVector.Load(tile),
            sum01 = TVector.Load(tile + TVector.Count),
            sum10 = TVector.Load(tile + (2 * TVector.Count)),
            sum11 = TVector.Load(tile + (3 * TVector.Count)),
            sum20 = TVector.Load(tile + (4 * TVector.Count)),
            sum21 = TVector.Load(tile + (5 * TVector.Count)),
            sum30 = TVector.Load(tile + (6 * TVector.Count)),
            sum31 = TVector.Load(tile + (7 * TVector.Count));
        for (int k = 0; k < depth; k++)
        {
            TVector left = TVector.Load(panel),
                right = TVector.Load(panel + TVector.Count),
                factor = TVector.Broadcast(*a);
            sum00 = TVector.MultiplyAdd(factor, left, sum00);
            sum01 = TVector.MultiplyAdd(factor, right, sum01);
            factor = TVector.Broadcast(*a1);
            sum10 = TVector.MultiplyAdd(factor, left, sum10);
            sum11 = TVector.MultiplyAdd(factor, right, sum11);
            factor = TVector.Broadcast(*a2);
            sum20 = TVector.MultiplyAdd(factor, left, sum20);
            sum21 = TVector.MultiplyAdd(factor, right, sum21);
            factor = TVector.Broadcast(*a3);
            sum30 = TVector.MultiplyAdd(factor, left, sum30);
            sum31 = TVector.MultiplyAdd(factor, right, sum31);
            panel += 2 * TVector.Count;
            a += aStep;
            a1 += aStep;
            a2 += aStep;
            a3 += aStep;
        }

        TVector.Store(sum00, tile);
        TVector.Store(sum01, tile + TVector.Count);
        TVector.Store(sum10, tile + (2 * TVector.Count));
        TVector.Store(sum11, tile + (3 * TVector.Count));
        TVector.Store(sum20, tile + (4 * TVector.Count));
        TVector.Store(sum21, tile + (5 * TVector.Count));
        TVector.Store(sum30, tile + (6 * TVector.Count));
        TVector.Store(sum31, tile + (7 * TVector.Count));
    }

    private static void CopyRectangle(T* source, long sourceRow, T* target, long targetRow, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
            new ReadOnlySpan<T>(source + (row * sourceRow), columns).CopyTo(new Span<T>(target + (row * targetRow), columns));
    }

    /// <summary>A panel of some columns, with zeros behind them.</summary>
    private static void CopyRows(T* b, long step, int depth, int lanes, T* panel)
    {
        for (int k = 0; k < depth; k++)
        {
            var row = new Span<T>(panel + ((long)k * PanelColumns), PanelColumns);
            new ReadOnlySpan<T>(b + (k * step), lanes).CopyTo(row);
            row[lanes..].Clear();
        }
    }

    /// <summary>The same of columns that lie in memory one after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyTurned(T* b, long step, int depth, int lanes, T* panel)
    {
        for (int column = 0; column < PanelColumns; column++)
        {
            T* source = b + (column * step),
                target = panel + column;
            for (int k = 0; k < depth; k++)
                target[(long)k * PanelColumns] = column < lanes ? source[k] : T.Zero;
        }
    }
}
