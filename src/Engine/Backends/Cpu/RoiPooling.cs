using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    /// <summary>Channels of a unit of the backward pass, which goes over all regions of its image.</summary>
    private const int RoiChannels = 64;

    public override void RoiMaxPoolForward(
        RoiPoolingProblem problem,
        Tensor x,
        Tensor corners,
        Tensor? scores,
        Tensor y,
        Tensor choice
    )
    {
        T* source = PointerOf(x),
            target = PointerOf(y),
            factors = PointerOrNull(scores);
        float* numbers = corners.HostPointer<float>();
        int* chosen = choice.HostPointer<int>();
        int bins = problem.Bins,
            channels = problem.Channels;
        ForRanges(
            problem.Regions,
            Math.Max(1, StreamingGrain / (bins * bins * channels)),
            (from, to, _) =>
            {
                for (int region = (int)from; region < to; region++)
                {
                    float* corner = numbers + ((long)region * RoiPoolingProblem.CornerNumbers);
                    float scale = (float)problem.Scale;
                    RegionAxis columns = new(corner[1], corner[3], scale),
                        rows = new(corner[2], corner[4], scale);
                    int image = RegionAxis.Nearest(corner[0]);
                    bool hasImage = (uint)image < (uint)problem.Images;
                    T* map = source + (hasImage ? (long)image * problem.Height * problem.Width * channels : 0);
                    for (int bin = 0; bin < bins * bins; bin++)
                    {
                        (int row, int column) = Math.DivRem(bin, bins);
                        var places = new BinPlaces(
                            rows.From(row, bins),
                            hasImage ? rows.To(row, bins, problem.Height) : 0,
                            columns.From(column, bins),
                            columns.To(column, bins, problem.Width),
                            problem.Width
                        );
                        long output = (((long)region * bins * bins) + bin) * channels;
                        MaximumOfBin(places, map, channels, target + output, chosen + output);
                        if (factors is not null)
                            Scale(target + output, factors[region], channels);
                    }
                }
            }
        );
    }

    public override void RoiMaxPoolBackward(
        RoiPoolingProblem problem,
        Tensor gy,
        Tensor corners,
        Tensor? scores,
        Tensor choice,
        Tensor gx
    )
    {
        T* source = PointerOf(gy),
            target = PointerOf(gx),
            factors = PointerOrNull(scores);
        float* numbers = corners.HostPointer<float>();
        int* chosen = choice.HostPointer<int>();
        int bins = problem.Bins * problem.Bins,
            channels = problem.Channels,
            parts = (channels + RoiChannels - 1) / RoiChannels;
        Fill(gx, 0);
        ForRanges(
            (long)problem.Images * parts,
            1,
            (unit, _, _) =>
            {
                (int image, int part) = Math.DivRem((int)unit, parts);
                int first = part * RoiChannels,
                    end = Math.Min(channels, first + RoiChannels);
                T* map = target + ((long)image * problem.Height * problem.Width * channels);
                for (int region = 0; region < problem.Regions; region++)
                {
                    if (RegionAxis.Nearest(numbers[(long)region * RoiPoolingProblem.CornerNumbers]) != image)
                        continue;
                    T score = factors is null ? T.One : factors[region];
                    for (int bin = 0; bin < bins; bin++)
                    {
                        long output = (((long)region * bins) + bin) * channels;
                        for (int c = first; c < end; c++)
                        {
                            int place = chosen[output + c];
                            if (place >= 0)
                                map[((long)place * channels) + c] += score * source[output + c];
                        }
                    }
                }
            }
        );
    }

    /// <summary>Zeros and no places for an empty bin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MaximumOfBin(BinPlaces bin, T* map, int channels, T* y, int* chosen)
    {
        if (bin.IsEmpty)
        {
            new Span<T>(y, channels).Clear();
            new Span<int>(chosen, channels).Fill(-1);
            return;
        }

        T* places = stackalloc T[TVector.Count];
        for (int c = 0; c < channels; c += TVector.Count)
        {
            int lanes = Math.Min(TVector.Count, channels - c),
                first = (bin.FirstRow * bin.Width) + bin.FirstColumn;
            TVector best = LoadUpTo(map + ((long)first * channels) + c, lanes),
                choice = TVector.Broadcast(T.CreateTruncating(first));
            for (int row = bin.FirstRow; row < bin.EndRow; row++)
            {
                for (int column = bin.FirstColumn; column < bin.EndColumn; column++)
                {
                    int place = (row * bin.Width) + column;
                    TVector value = LoadUpTo(map + ((long)place * channels) + c, lanes);
                    choice = TVector.WhereGreater(value, best, TVector.Broadcast(T.CreateTruncating(place)), choice);
                    best = TVector.WhereGreater(value, best, value, best);
                }
            }

            StoreUpTo(best, y + c, lanes);
            TVector.Store(choice, places);
            for (int lane = 0; lane < lanes; lane++)
                chosen[c + lane] = int.CreateTruncating(places[lane]);
        }
    }

    private static void Scale(T* values, T factor, int count)
    {
        TVector factors = TVector.Broadcast(factor);
        for (int i = 0; i < count; i += TVector.Count)
            StoreUpTo(LoadUpTo(values + i, count - i) * factors, values + i, count - i);
    }

    /// <summary>Rows and columns of a bin on a map of a width.</summary>
    private readonly record struct BinPlaces(int FirstRow, int EndRow, int FirstColumn, int EndColumn, int Width)
    {
        public bool IsEmpty => FirstRow >= EndRow || FirstColumn >= EndColumn;
    }
}
