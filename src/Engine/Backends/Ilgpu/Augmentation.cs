using ILGPU;
using ILGPU.Algorithms;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    private const int AugmentationChunk = 512,
        MomentsOfChunk = 4;

    public override void Augment(
        AugmentationProblem problem,
        Tensor x,
        Tensor labels,
        Tensor variation,
        Tensor y,
        Tensor variedLabels
    )
    {
        int chunks = (problem.Positions + AugmentationChunk - 1) / AugmentationChunk;
        long volumes = (long)problem.Samples * problem.Volumes;
        using Tensor partial = Scratch(volumes * chunks * MomentsOfChunk),
            moments = Scratch(volumes * MomentsOfChunk);
        var p = new AugmentationArguments
        {
            X = x.View<T>(),
            Y = y.View<T>(),
            Labels = labels.View<byte>(),
            VariedLabels = variedLabels.View<byte>(),
            Variation = variation.View<double>(),
            Partial = partial.View<double>(),
            Moments = moments.View<double>(),
            Height = problem.Height,
            Width = problem.Width,
            Channels = problem.Channels,
            Volumes = problem.Volumes,
            Positions = problem.Positions,
            Numbers = problem.VariationShape[1],
            FirstOfControlPoints = problem.FirstOfControlPoints,
            ControlPoints = problem.ControlPoints,
            Chunks = chunks,
        };
        launcher.Launch(AugmentSpaceKernel, labels.Count, p);
        launcher.Launch(AugmentationMomentsKernel, volumes * chunks, p);
        launcher.Launch(CombineAugmentationMomentsKernel, volumes, p);
        launcher.Launch(AugmentIntensitiesKernel, y.Count, p);
    }

    /// <summary>One item per position.</summary>
    private static void AugmentSpaceKernel(AugmentationArguments p)
    {
        for (long position = Items.First; position < p.Labels.Length; position += Items.Stride)
        {
            long sample = position / p.Positions,
                numbers = sample * p.Numbers;
            int pixel = (int)(position % p.Positions % (p.Height * p.Width));
            long plane = position - pixel;
            double centreRow = (p.Height - 1) * 0.5,
                centreColumn = (p.Width - 1) * 0.5,
                fromRow = (pixel / p.Width) - centreRow,
                fromColumn = (pixel % p.Width) - centreColumn,
                row =
                    centreRow
                    + (p.Variation[numbers] * fromRow)
                    + (p.Variation[numbers + 1] * fromColumn)
                    + p.Variation[numbers + 2],
                column =
                    centreColumn
                    + (p.Variation[numbers + 3] * fromRow)
                    + (p.Variation[numbers + 4] * fromColumn)
                    + p.Variation[numbers + 5];
            if (p.ControlPoints > 0)
            {
                long points = numbers + p.FirstOfControlPoints;
                row += p.Displacement(points, pixel);
                column += p.Displacement(points + ((long)p.ControlPoints * p.ControlPoints), pixel);
            }

            double top = XMath.Floor(row),
                left = XMath.Floor(column);
            bool near = top >= -1 && left >= -1 && top < p.Height && left < p.Width;
            int r = near ? (int)top : 0,
                c = near ? (int)left : 0;
            for (int channel = 0; channel < p.Channels; channel++)
            {
                double outside = p.Variation[numbers + p.FirstOfVolume(channel / (p.Channels / p.Volumes))],
                    value = outside;
                if (near)
                {
                    double upperLeft = p.At(plane, r, c, channel, outside),
                        lowerLeft = p.At(plane, r + 1, c, channel, outside),
                        upper = upperLeft + ((column - left) * (p.At(plane, r, c + 1, channel, outside) - upperLeft)),
                        lower = lowerLeft + ((column - left) * (p.At(plane, r + 1, c + 1, channel, outside) - lowerLeft));
                    value = upper + ((row - top) * (lower - upper));
                }

                p.Y[(position * p.Channels) + channel] = TElement.Store(value);
            }

            double nearestRow = XMath.Floor(row + 0.5),
                nearestColumn = XMath.Floor(column + 0.5);
            byte label = 0;
            if (nearestRow >= 0 && nearestColumn >= 0 && nearestRow < p.Height && nearestColumn < p.Width)
                label = p.Labels[plane + ((int)nearestRow * p.Width) + (int)nearestColumn];
            p.VariedLabels[position] = label;
        }
    }

    /// <summary>One item per chunk of a volume's positions.</summary>
    private static void AugmentationMomentsKernel(AugmentationArguments p)
    {
        int channels = p.Channels / p.Volumes;
        for (long i = Items.First; i * MomentsOfChunk < p.Partial.Length; i += Items.Stride)
        {
            long volume = i / p.Chunks,
                sample = volume / p.Volumes,
                from = i % p.Chunks * AugmentationChunk,
                to = XMath.Min(from + AugmentationChunk, p.Positions);
            double minimum = double.MaxValue,
                maximum = double.MinValue,
                sum = 0,
                squares = 0;
            for (long position = from; position < to; position++)
            {
                long element = (((sample * p.Positions) + position) * p.Channels) + (volume % p.Volumes * channels);
                for (int channel = 0; channel < channels; channel++)
                {
                    double value = TElement.Load(p.Y[element + channel]);
                    minimum = XMath.Min(minimum, value);
                    maximum = XMath.Max(maximum, value);
                    sum += value;
                    squares += value * value;
                }
            }

            long at = i * MomentsOfChunk;
            p.Partial[at] = minimum;
            p.Partial[at + 1] = maximum;
            p.Partial[at + 2] = sum;
            p.Partial[at + 3] = squares;
        }
    }

    /// <summary>One item per volume of a sample: minimum, maximum, mean and standard deviation.</summary>
    private static void CombineAugmentationMomentsKernel(AugmentationArguments p)
    {
        for (long volume = Items.First; volume * MomentsOfChunk < p.Moments.Length; volume += Items.Stride)
        {
            double minimum = double.MaxValue,
                maximum = double.MinValue,
                sum = 0,
                squares = 0;
            for (long chunk = volume * p.Chunks; chunk < (volume + 1) * p.Chunks; chunk++)
            {
                long at = chunk * MomentsOfChunk;
                minimum = XMath.Min(minimum, p.Partial[at]);
                maximum = XMath.Max(maximum, p.Partial[at + 1]);
                sum += p.Partial[at + 2];
                squares += p.Partial[at + 3];
            }

            double count = (double)p.Positions * (p.Channels / p.Volumes),
                mean = sum / count;
            long result = volume * MomentsOfChunk;
            p.Moments[result] = minimum;
            p.Moments[result + 1] = maximum;
            p.Moments[result + 2] = mean;
            p.Moments[result + 3] = XMath.Sqrt(XMath.Max(0, (squares / count) - (mean * mean)));
        }
    }

    /// <summary>One item per element.</summary>
    private static void AugmentIntensitiesKernel(AugmentationArguments p)
    {
        int channels = p.Channels / p.Volumes;
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            int channel = (int)(i % p.Channels),
                volume = channel / channels;
            long position = i / p.Channels,
                sample = position / p.Positions,
                numbers = (sample * p.Numbers) + p.FirstOfVolume(volume),
                moments = ((sample * p.Volumes) + volume) * MomentsOfChunk;
            double gain = p.Variation[numbers + 1],
                offset = p.Variation[numbers + 2],
                gamma = p.Variation[numbers + 3],
                noise = p.Variation[numbers + 4],
                minimum = p.Moments[moments],
                range = p.Moments[moments + 1] - minimum,
                mean = p.Moments[moments + 2],
                deviation = p.Moments[moments + 3];
            if ((gain == 1 && offset == 0 && gamma == 1 && noise == 0) || range <= 0)
                continue;
            double value = TElement.Load(p.Y[i]);
            if (gamma != 1)
                value = value <= minimum ? minimum : minimum + (range * XMath.Pow((value - minimum) / range, gamma));
            value = mean + (gain * (value - mean)) + (offset * deviation);
            if (noise > 0)
            {
                long word = (long)p.Variation[numbers + 5] + (2 * ((position % p.Positions * channels) + (channel % channels)));
                value += noise * deviation * p.Normal(sample, word);
            }

            p.Y[i] = TElement.Store(value);
        }
    }

    internal struct AugmentationArguments
    {
        public ArrayView<T> X,
            Y;
        public ArrayView<byte> Labels,
            VariedLabels;
        public ArrayView<double> Variation,
            Partial,
            Moments;
        public int Height,
            Width,
            Channels,
            Volumes,
            Positions,
            Numbers,
            FirstOfControlPoints,
            ControlPoints,
            Chunks;

        public readonly int FirstOfVolume(int volume) => AugmentationProblem.FirstOfVolume(volume);

        public readonly double At(long plane, int row, int column, int channel, double outside) =>
            row >= 0 && row < Height && column >= 0 && column < Width
                ? TElement.Load(X[((plane + ((long)row * Width) + column) * Channels) + channel])
                : outside;

        /// <summary>Along one axis: a uniform cubic B-spline over the control points from <paramref name="points"/> on.</summary>
        public readonly double Displacement(long points, int pixel)
        {
            int spans = ControlPoints - AugmentationProblem.SplineOrder;
            double down = pixel / Width * spans / (double)Height,
                along = pixel % Width * spans / (double)Width,
                sum = 0;
            for (int i = 0; i <= AugmentationProblem.SplineOrder; i++)
            {
                for (int j = 0; j <= AugmentationProblem.SplineOrder; j++)
                    sum +=
                        Weight(down - (int)down, i)
                        * Weight(along - (int)along, j)
                        * Variation[points + (((int)down + i) * ControlPoints) + (int)along + j];
            }

            return sum;
        }

        public readonly double Normal(long sample, long word)
        {
            double radius = XMath.Sqrt(-2.0 * XMath.Log(1.0 - Uniform(sample, word))),
                angle = 2.0 * XMath.PID * Uniform(sample, word + 1);
            return (float)(radius * XMath.Cos(angle));
        }

        private readonly double Uniform(long sample, long word)
        {
            long stream = (sample * Numbers) + AugmentationProblem.FirstOfStream;
            ulong key = (uint)Variation[stream] | ((ulong)(uint)Variation[stream + 1] << 32);
            PhiloxWords words = Philox.Block(
                key,
                (uint)(word / 4),
                (uint)Variation[stream + 2],
                (uint)Variation[stream + 3],
                (uint)Variation[stream + 4]
            );
            long lane = word % 4;
            return Philox.Uniform(
                lane == 0 ? words.X
                : lane == 1 ? words.Y
                : lane == 2 ? words.Z
                : words.W
            );
        }

        private static double Weight(double t, int point)
        {
            double rest = 1 - t;
            return point == 0 ? rest * rest * rest / 6
                : point == 1 ? ((3 * t * t * t) - (6 * t * t) + 4) / 6
                : point == 2 ? ((3 * rest * rest * rest) - (6 * rest * rest) + 4) / 6
                : t * t * t / 6;
        }
    }
}
