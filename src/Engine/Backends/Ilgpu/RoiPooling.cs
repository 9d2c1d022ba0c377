using ILGPU;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void RoiMaxPoolForward(
        RoiPoolingProblem problem,
        Tensor x,
        Tensor corners,
        Tensor? scores,
        Tensor y,
        Tensor choice
    ) => launcher.Launch(RoiMaxPoolKernel, y.Count, RoiPooling(problem, x, corners, scores, y, choice));

    public override void RoiMaxPoolBackward(
        RoiPoolingProblem problem,
        Tensor gy,
        Tensor corners,
        Tensor? scores,
        Tensor choice,
        Tensor gx
    ) => launcher.Launch(RoiMaxPoolBackwardKernel, gx.Count, RoiPooling(problem, gx, corners, scores, gy, choice));

    private static RoiPoolingArguments RoiPooling(
        RoiPoolingProblem problem,
        Tensor x,
        Tensor corners,
        Tensor? scores,
        Tensor y,
        Tensor choice
    ) =>
        new()
        {
            X = x.View<T>(),
            Y = y.View<T>(),
            Scores = scores is null ? default : scores.View<T>(),
            Corners = corners.View<float>(),
            Choice = choice.View<int>(),
            HasScores = scores is null ? 0 : 1,
            Regions = problem.Regions,
            Images = problem.Images,
            Height = problem.Height,
            Width = problem.Width,
            Channels = problem.Channels,
            Bins = problem.Bins,
            Scale = (float)problem.Scale,
        };

    private static void RoiMaxPoolKernel(RoiPoolingArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            long bin = i / p.Channels,
                region = bin / (p.Bins * p.Bins);
            int row = (int)(bin / p.Bins % p.Bins),
                column = (int)(bin % p.Bins),
                image = p.ImageOf(region);
            RegionAxis rows = p.RowsOf(region),
                columns = p.ColumnsOf(region);
            int endRow = image >= 0 && image < p.Images ? rows.To(row, p.Bins, p.Height) : 0;
            double best = 0;
            int chosen = -1;
            for (int h = rows.From(row, p.Bins); h < endRow; h++)
            {
                for (int w = columns.From(column, p.Bins); w < columns.To(column, p.Bins, p.Width); w++)
                {
                    int place = (h * p.Width) + w;
                    double value = TElement.Load(p.X[p.ElementAt(image, place, i % p.Channels)]);
                    if (chosen >= 0 && !(value > best))
                        continue;
                    best = value;
                    chosen = place;
                }
            }

            p.Y[i] = TElement.Store(p.ScoreOf(region) * best);
            p.Choice[i] = chosen;
        }
    }

    /// <summary>Gathers, so that the order of additions is fixed: each input element looks at the bins that hold it.</summary>
    private static void RoiMaxPoolBackwardKernel(RoiPoolingArguments p)
    {
        for (long i = Items.First; i < p.X.Length; i += Items.Stride)
        {
            long position = i / p.Channels;
            int image = (int)(position / ((long)p.Height * p.Width)),
                place = (int)(position % ((long)p.Height * p.Width));
            double sum = 0;
            for (int region = 0; region < p.Regions; region++)
            {
                if (p.ImageOf(region) != image)
                    continue;
                RegionAxis rows = p.RowsOf(region),
                    columns = p.ColumnsOf(region);
                int endRow = rows.EndBin(place / p.Width, p.Bins),
                    endColumn = columns.EndBin(place % p.Width, p.Bins);
                for (int row = rows.FirstBin(place / p.Width, p.Bins); row < endRow; row++)
                {
                    for (int column = columns.FirstBin(place % p.Width, p.Bins); column < endColumn; column++)
                    {
                        long output = (((((long)region * p.Bins) + row) * p.Bins) + column) * p.Channels;
                        if (p.Choice[output + (i % p.Channels)] == place)
                            sum += p.ScoreOf(region) * TElement.Load(p.Y[output + (i % p.Channels)]);
                    }
                }
            }

            p.X[i] = TElement.Store(sum);
        }
    }

    /// <summary>X and Y are the maps and what is pooled of them, or their gradients.</summary>
    internal struct RoiPoolingArguments
    {
        public ArrayView<T> X,
            Y,
            Scores;
        public ArrayView<float> Corners;
        public ArrayView<int> Choice;
        public int HasScores,
            Regions,
            Images,
            Height,
            Width,
            Channels,
            Bins;
        public float Scale;

        public readonly int ImageOf(long region) => RegionAxis.Nearest(Corners[region * RoiPoolingProblem.CornerNumbers]);

        public readonly RegionAxis ColumnsOf(long region) => AxisOf(region, 1);

        public readonly RegionAxis RowsOf(long region) => AxisOf(region, 2);

        public readonly double ScoreOf(long region) => HasScores != 0 ? TElement.Load(Scores[region]) : 1;

        public readonly long ElementAt(int image, int place, long channel) =>
            ((((long)image * Height * Width) + place) * Channels) + channel;

        private readonly RegionAxis AxisOf(long region, int coordinate)
        {
            long low = (region * RoiPoolingProblem.CornerNumbers) + coordinate;
            return new RegionAxis(Corners[low], Corners[low + 2], Scale);
        }
    }
}
