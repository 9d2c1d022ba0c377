using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>A sample is a unit of work, and its sums run from its first element to its last.</summary>
internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void Augment(
        AugmentationProblem problem,
        Tensor x,
        Tensor labels,
        Tensor variation,
        Tensor y,
        Tensor variedLabels
    )
    {
        int numbers = problem.VariationShape[1],
            positions = problem.Positions;
        T* source = PointerOf(x),
            target = PointerOf(y);
        byte* classes = labels.HostPointer<byte>(),
            variedClasses = variedLabels.HostPointer<byte>();
        double* all = variation.HostPointer<double>();
        threads.Run(
            problem.Samples,
            (sample, _) =>
            {
                double* own = all + ((long)sample * numbers);
                long first = (long)sample * positions;
                var planes = new AugmentationPlanes(problem, own);
                planes.Resample(
                    source + (first * problem.Channels),
                    classes + first,
                    target + (first * problem.Channels),
                    variedClasses + first
                );
                for (int volume = 0; volume < problem.Volumes; volume++)
                    VaryIntensities(problem, own, volume, target + (first * problem.Channels));
            }
        );
    }

    private static void VaryIntensities(AugmentationProblem problem, double* numbers, int volume, T* image)
    {
        double* own = numbers + AugmentationProblem.FirstOfVolume(volume);
        T gain = Number(own[1]),
            offset = Number(own[2]),
            gamma = Number(own[3]),
            noise = Number(own[4]);
        if (gain == T.One && offset == T.Zero && gamma == T.One && noise == T.Zero)
            return;
        int channels = problem.VolumeChannels;
        image += volume * channels;
        T minimum = T.PositiveInfinity,
            maximum = T.NegativeInfinity;
        double sum = 0,
            squares = 0;
        for (int position = 0; position < problem.Positions; position++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                T value = image[((long)position * problem.Channels) + channel];
                minimum = T.Min(minimum, value);
                maximum = T.Max(maximum, value);
                double wide = double.CreateTruncating(value);
                sum += wide;
                squares += wide * wide;
            }
        }

        double count = (double)problem.Positions * channels,
            exactMean = sum / count;
        T range = maximum - minimum,
            mean = Number(exactMean),
            deviation = Number(Math.Sqrt(Math.Max(0, (squares / count) - (exactMean * exactMean))));
        if (range <= T.Zero)
            return;
        double* stream = numbers + AugmentationProblem.FirstOfStream;
        var normals = new PhiloxStream(
            (uint)stream[0] | ((ulong)stream[1] << 32),
            (uint)stream[2],
            (uint)stream[3],
            (uint)stream[4]
        );
        normals.Skip((long)own[5]);
        for (int position = 0; position < problem.Positions; position++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                T* value = image + ((long)position * problem.Channels) + channel;
                T bent = gamma == T.One ? *value : minimum + (range * T.Pow((*value - minimum) / range, gamma));
                *value = mean + (gain * (bent - mean)) + (offset * deviation);
                if (noise > T.Zero)
                    *value += noise * deviation * T.CreateTruncating(normals.NextNormal());
            }
        }
    }

    private static T Number(double value) => T.CreateTruncating(value);

    /// <summary>Where the pixels of a sample's planes come from.</summary>
    private readonly struct AugmentationPlanes(AugmentationProblem problem, double* numbers)
    {
        private readonly T centreRow = Number((problem.Height - 1) * 0.5),
            centreColumn = Number((problem.Width - 1) * 0.5),
            rowPerRow = Number(numbers[0]),
            rowPerColumn = Number(numbers[1]),
            rowShift = Number(numbers[2]),
            columnPerRow = Number(numbers[3]),
            columnPerColumn = Number(numbers[4]),
            columnShift = Number(numbers[5]);

        public void Resample(T* image, byte* labels, T* variedImage, byte* variedLabels)
        {
            int pixels = problem.Height * problem.Width;
            for (int slice = 0; slice < problem.Depth; slice++)
            {
                long first = (long)slice * pixels;
                for (int row = 0, pixel = 0; row < problem.Height; row++)
                {
                    for (int column = 0; column < problem.Width; column++, pixel++)
                    {
                        (T sourceRow, T sourceColumn) = SourceOf(row, column);
                        T* target = variedImage + ((first + pixel) * problem.Channels);
                        Interpolate(image + (first * problem.Channels), sourceRow, sourceColumn, target);
                        variedLabels[first + pixel] = Nearest(labels + first, sourceRow, sourceColumn);
                    }
                }
            }
        }

        private (T Row, T Column) SourceOf(int row, int column)
        {
            T fromRow = T.CreateTruncating(row) - centreRow,
                fromColumn = T.CreateTruncating(column) - centreColumn,
                sourceRow = centreRow + (rowPerRow * fromRow) + (rowPerColumn * fromColumn) + rowShift,
                sourceColumn = centreColumn + (columnPerRow * fromRow) + (columnPerColumn * fromColumn) + columnShift;
            if (problem.ControlPoints == 0)
                return (sourceRow, sourceColumn);
            (T down, T right) = DisplacementAt(row, column);
            return (sourceRow + down, sourceColumn + right);
        }

        private (T Down, T Right) DisplacementAt(int row, int column)
        {
            const int Support = AugmentationProblem.SplineOrder + 1;
            T* rowWeights = stackalloc T[Support],
                columnWeights = stackalloc T[Support];
            int points = problem.ControlPoints,
                firstRow = Weigh(row, problem.Height, rowWeights),
                firstColumn = Weigh(column, problem.Width, columnWeights);
            double* downwards = numbers + problem.FirstOfControlPoints,
                rightwards = downwards + (points * points);
            T down = T.Zero,
                right = T.Zero;
            for (int i = 0; i < Support; i++)
            {
                for (int j = 0; j < Support; j++)
                {
                    int point = ((firstRow + i) * points) + firstColumn + j;
                    T weight = rowWeights[i] * columnWeights[j];
                    down += weight * Number(downwards[point]);
                    right += weight * Number(rightwards[point]);
                }
            }

            return (down, right);
        }

        /// <summary>The uniform cubic B-spline's weights, and the first control point that they are of.</summary>
        private int Weigh(int position, int length, T* weights)
        {
            T along =
                T.CreateTruncating(position * (problem.ControlPoints - AugmentationProblem.SplineOrder))
                / T.CreateTruncating(length);
            int first = int.CreateTruncating(along);
            T three = Number(3),
                four = Number(4),
                six = Number(6),
                t = along - T.CreateTruncating(first),
                rest = T.One - t;
            weights[0] = rest * rest * rest / six;
            weights[1] = ((three * t * t * t) - (six * t * t) + four) / six;
            weights[2] = ((three * rest * rest * rest) - (six * rest * rest) + four) / six;
            weights[3] = t * t * t / six;
            return first;
        }

        private void Interpolate(T* plane, T row, T column, T* target)
        {
            T top = T.Floor(row),
                left = T.Floor(column),
                down = row - top,
                along = column - left;
            bool near =
                top >= T.NegativeOne
                && left >= T.NegativeOne
                && top < T.CreateTruncating(problem.Height)
                && left < T.CreateTruncating(problem.Width);
            (int r, int c) = near ? (int.CreateTruncating(top), int.CreateTruncating(left)) : (-2, -2);
            for (int channel = 0; channel < problem.Channels; channel++)
            {
                T outside = Number(numbers[AugmentationProblem.FirstOfVolume(channel / problem.VolumeChannels)]);
                if (!near)
                {
                    target[channel] = outside;
                    continue;
                }

                T upperLeft = At(plane, r, c, channel, outside),
                    lowerLeft = At(plane, r + 1, c, channel, outside),
                    upper = upperLeft + (along * (At(plane, r, c + 1, channel, outside) - upperLeft)),
                    lower = lowerLeft + (along * (At(plane, r + 1, c + 1, channel, outside) - lowerLeft));
                target[channel] = upper + (down * (lower - upper));
            }
        }

        private T At(T* plane, int row, int column, int channel, T outside) =>
            (uint)row < (uint)problem.Height && (uint)column < (uint)problem.Width
                ? plane[((((long)row * problem.Width) + column) * problem.Channels) + channel]
                : outside;

        private byte Nearest(byte* labels, T row, T column)
        {
            T half = Number(0.5),
                nearestRow = T.Floor(row + half),
                nearestColumn = T.Floor(column + half);
            return
                nearestRow >= T.Zero
                && nearestColumn >= T.Zero
                && nearestRow < T.CreateTruncating(problem.Height)
                && nearestColumn < T.CreateTruncating(problem.Width)
                ? labels[(int.CreateTruncating(nearestRow) * problem.Width) + int.CreateTruncating(nearestColumn)]
                : (byte)0;
        }
    }
}
