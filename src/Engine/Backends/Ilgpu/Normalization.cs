using ILGPU;
using ILGPU.Algorithms;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

/// <remarks>
/// Sums per chunk of one sample's positions and channel first; only those know over what a kind of normalization takes its
/// moments.
/// </remarks>
internal partial class TypedIlgpuBackend<T, TElement>
{
    private const int NormalizationChunk = 256;

    public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance)
    {
        NormalizationArguments p = Arguments(problem, x, mean, variance);
        using Tensor partial = Scratch(2L * problem.Samples * p.Chunks * problem.Channels);
        p.Partial = partial.View<double>();
        launcher.Launch(MomentsKernel, partial.Count / 2, p);
        launcher.Launch(CombineMomentsKernel, mean.Count, p);
    }

    public override void UpdateRunningStatistics(
        NormalizationProblem problem,
        double decay,
        Tensor mean,
        Tensor variance,
        Tensor runningMean,
        Tensor runningVariance
    ) =>
        launcher.Launch(
            RunningStatisticsKernel,
            mean.Count,
            new RunningArguments
            {
                Mean = mean.View<T>(),
                Variance = variance.View<T>(),
                RunningMean = runningMean.View<T>(),
                RunningVariance = runningVariance.View<T>(),
                Modality = OnDevice(problem.Modality).View<int>(),
                Groups = problem.StatisticsGroups,
                Decay = decay,
            }
        );

    public override void NormalizationForward(
        NormalizationProblem problem,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor y
    )
    {
        NormalizationArguments p = Arguments(problem, x, mean, variance);
        (p.Gamma, p.Beta, p.Y) = (gamma.View<T>(), beta.View<T>(), y.View<T>());
        launcher.Launch(NormalizeKernel, x.Count, p);
    }

    public override void NormalizationBackward(
        NormalizationProblem problem,
        bool throughStatistics,
        Tensor gy,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor? gx,
        Tensor? ggamma,
        Tensor? gbeta
    )
    {
        NormalizationArguments p = Arguments(problem, x, mean, variance);
        using Tensor partial = Scratch(2L * problem.Samples * p.Chunks * problem.Channels),
            sums = Scratch(2L * problem.Samples * problem.Channels);
        (p.Gamma, p.Beta, p.Gy, p.Y) = (gamma.View<T>(), beta.View<T>(), gy.View<T>(), ViewOrEmpty(gx));
        (p.Partial, p.Sums, p.ThroughStatistics) = (partial.View<double>(), sums.View<double>(), throughStatistics ? 1 : 0);
        launcher.Launch(GradientSumsKernel, partial.Count / 2, p);
        launcher.Launch(CombineGradientsKernel, sums.Count / 2, p);
        if (ggamma is not null)
            launcher.Launch(AffineGradientKernel, ggamma.Count, p with { Affine = ggamma.View<T>(), IsGamma = 1 });
        if (gbeta is not null)
            launcher.Launch(AffineGradientKernel, gbeta.Count, p with { Affine = gbeta.View<T>() });
        if (gx is not null)
            launcher.Launch(GradientOfInputKernel, gx.Count, p);
    }

    private NormalizationArguments Arguments(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance) =>
        new()
        {
            X = x.View<T>(),
            Mean = mean.View<T>(),
            Variance = variance.View<T>(),
            Modality = OnDevice(problem.Modality).View<int>(),
            Dropout = new KernelDropoutMask(problem.Dropout),
            Slope = problem.Slope,
            Epsilon = problem.Epsilon,
            Samples = problem.Samples,
            Channels = problem.Channels,
            Groups = problem.StatisticsGroups,
            BySample = problem.Kind == NormalizationKind.Batch ? 0 : 1,
            Positions = problem.Positions,
            Chunks = (problem.Positions + NormalizationChunk - 1) / NormalizationChunk,
        };

    /// <summary>
    /// Sums of deviations, and of their squares, from an element that all of a slot's chunks know: no digits are lost however far
    /// the mean lies from zero.
    /// </summary>
    private static void MomentsKernel(NormalizationArguments p)
    {
        for (long i = Items.First; i < p.Partial.Length / 2; i += Items.Stride)
        {
            long channel = i % p.Channels,
                sample = i / p.Channels / p.Chunks,
                from = i / p.Channels % p.Chunks * NormalizationChunk,
                to = XMath.Min(from + NormalizationChunk, p.Positions);
            double deviations = 0,
                squares = 0,
                pivot = p.Pivot(p.Slot(sample, channel));
            for (long position = from; position < to; position++)
            {
                double deviation = p.Dropped(sample, position, channel) - pivot;
                deviations += deviation;
                squares += deviation * deviation;
            }

            p.Partial[2 * i] = deviations;
            p.Partial[(2 * i) + 1] = squares;
        }
    }

    private static void CombineMomentsKernel(NormalizationArguments p)
    {
        for (long slot = Items.First; slot < p.Mean.Length; slot += Items.Stride)
        {
            long group = slot % p.Groups,
                width = p.Channels / p.Groups;
            double count = 0,
                deviations = 0,
                squares = 0;
            for (int sample = 0; sample < p.Samples; sample++)
            {
                if (p.Row(sample) != slot / p.Groups)
                    continue;
                count += (double)p.Positions * width;
                for (long chunk = 0; chunk < p.Chunks; chunk++)
                {
                    for (long channel = group * width; channel < (group + 1) * width; channel++)
                    {
                        long i = 2 * ((((sample * p.Chunks) + chunk) * p.Channels) + channel);
                        deviations += p.Partial[i];
                        squares += p.Partial[i + 1];
                    }
                }
            }

            if (count > 0)
            {
                p.Mean[slot] = TElement.Store(p.Pivot(slot) + (deviations / count));
                p.Variance[slot] = TElement.Store((squares - (deviations * deviations / count)) / count);
            }
        }
    }

    private static void RunningStatisticsKernel(RunningArguments p)
    {
        for (long i = Items.First; i < p.Mean.Length; i += Items.Stride)
        {
            bool present = false;
            for (int sample = 0; sample < p.Modality.Length; sample++)
                present |= p.Modality[sample] == i / p.Groups;
            if (!present)
                continue;
            p.RunningMean[i] = TElement.Store(
                (p.Decay * TElement.Load(p.RunningMean[i])) + ((1 - p.Decay) * TElement.Load(p.Mean[i]))
            );
            p.RunningVariance[i] = TElement.Store(
                (p.Decay * TElement.Load(p.RunningVariance[i])) + ((1 - p.Decay) * TElement.Load(p.Variance[i]))
            );
        }
    }

    private static void NormalizeKernel(NormalizationArguments p)
    {
        for (long i = Items.First; i < p.X.Length; i += Items.Stride)
        {
            double value = p.Activation(i, p.Dropped(i));
            p.Y[i] = TElement.Store(value < 0 ? value * p.Slope : value);
        }
    }

    private static void GradientSumsKernel(NormalizationArguments p)
    {
        for (long i = Items.First; i < p.Partial.Length / 2; i += Items.Stride)
        {
            long channel = i % p.Channels,
                sample = i / p.Channels / p.Chunks,
                from = i / p.Channels % p.Chunks * NormalizationChunk,
                to = XMath.Min(from + NormalizationChunk, p.Positions);
            double plain = 0,
                moment = 0,
                mean = TElement.Load(p.Mean[p.Slot(sample, channel)]);
            for (long position = from; position < to; position++)
            {
                long element = (((sample * p.Positions) + position) * p.Channels) + channel;
                double dropped = p.Dropped(sample, position, channel),
                    g = p.GradientOfActivation(element, dropped);
                plain += g;
                moment += g * (dropped - mean);
            }

            p.Partial[2 * i] = plain;
            p.Partial[(2 * i) + 1] = moment;
        }
    }

    private static void CombineGradientsKernel(NormalizationArguments p)
    {
        for (long i = Items.First; i < p.Sums.Length / 2; i += Items.Stride)
        {
            double plain = 0,
                moment = 0;
            for (long chunk = 0; chunk < p.Chunks; chunk++)
            {
                long element = 2 * ((((i / p.Channels * p.Chunks) + chunk) * p.Channels) + (i % p.Channels));
                plain += p.Partial[element];
                moment += p.Partial[element + 1];
            }

            p.Sums[2 * i] = plain;
            p.Sums[(2 * i) + 1] = moment;
        }
    }

    /// <summary>gbeta = sum of g, ggamma = sum of g xhat.</summary>
    private static void AffineGradientKernel(NormalizationArguments p)
    {
        for (long i = Items.First; i < p.Affine.Length; i += Items.Stride)
        {
            double sum = 0;
            for (int sample = 0; sample < p.Samples; sample++)
            {
                if (p.Modality[sample] != i / p.Channels)
                    continue;
                long row = (sample * p.Channels) + (i % p.Channels);
                sum +=
                    p.IsGamma != 0
                        ? p.Sums[(2 * row) + 1] * p.ReciprocalDeviation(p.Slot(sample, i % p.Channels))
                        : p.Sums[2 * row];
            }

            p.Affine[i] = TElement.Store(sum);
        }
    }

    /// <summary>gx = rstd (gamma g - (sum of gamma g + xhat * sum of gamma g xhat) / n), through dropout.</summary>
    private static void GradientOfInputKernel(NormalizationArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            long channel = i % p.Channels,
                sample = i / p.Channels / p.Positions,
                slot = p.Slot(sample, channel),
                width = p.Channels / p.Groups;
            double rstd = p.ReciprocalDeviation(slot),
                dropped = p.Dropped(i);
            double gradient =
                TElement.Load(p.Gamma[(p.Modality[sample] * p.Channels) + channel]) * p.GradientOfActivation(i, dropped);
            if (p.ThroughStatistics != 0)
            {
                double plain = 0,
                    moment = 0,
                    elements = 0,
                    normalized = (dropped - TElement.Load(p.Mean[slot])) * rstd;
                for (int other = 0; other < p.Samples; other++)
                {
                    if (p.Row(other) != p.Row(sample))
                        continue;
                    elements += (double)p.Positions * width;
                    for (long c = channel / width * width; c < ((channel / width) + 1) * width; c++)
                    {
                        long row = (other * p.Channels) + c;
                        double gamma = TElement.Load(p.Gamma[(p.Modality[other] * p.Channels) + c]);
                        plain += gamma * p.Sums[2 * row];
                        moment += gamma * p.Sums[(2 * row) + 1] * rstd;
                    }
                }

                gradient -= (plain + (normalized * moment)) / elements;
            }

            p.Y[i] = TElement.Store(p.Dropout.Apply(i, rstd * gradient));
        }
    }

    internal struct NormalizationArguments
    {
        public ArrayView<T> X,
            Y,
            Gy,
            Mean,
            Variance,
            Gamma,
            Beta,
            Affine;
        public ArrayView<double> Partial,
            Sums;
        public ArrayView<int> Modality;
        public KernelDropoutMask Dropout;
        public double Slope,
            Epsilon;
        public long Channels,
            Groups,
            Positions,
            Chunks;
        public int Samples,
            BySample,
            ThroughStatistics,
            IsGamma;

        public readonly long Row(long sample) => BySample != 0 ? sample : Modality[sample];

        public readonly long Slot(long sample, long channel) => (Row(sample) * Groups) + (channel / (Channels / Groups));

        public readonly double ReciprocalDeviation(long slot) => 1 / XMath.Sqrt(TElement.Load(Variance[slot]) + Epsilon);

        public readonly double Dropped(long sample, long position, long channel)
        {
            long element = (((sample * Positions) + position) * Channels) + channel;
            return Dropped(element);
        }

        /// <summary>
        /// Rounded to the element type, as on devices that calculate in it: an element that is its own mean then deviates by
        /// nothing.
        /// </summary>
        public readonly double Dropped(long element) =>
            TElement.Load(TElement.Store(Dropout.Apply(element, TElement.Load(X[element]))));

        /// <summary>The first element of the first sample of a slot.</summary>
        public readonly double Pivot(long slot)
        {
            for (int sample = 0; sample < Samples; sample++)
            {
                if (Row(sample) == slot / Groups)
                    return Dropped(sample, 0, slot % Groups * (Channels / Groups));
            }

            return 0;
        }

        /// <summary>gamma * xhat + beta for an element whose value after dropout is given.</summary>
        public readonly double Activation(long element, double dropped)
        {
            long channel = element % Channels,
                sample = element / Channels / Positions,
                slot = Slot(sample, channel),
                affine = (Modality[sample] * Channels) + channel;
            return ((dropped - TElement.Load(Mean[slot])) * ReciprocalDeviation(slot) * TElement.Load(Gamma[affine]))
                + TElement.Load(Beta[affine]);
        }

        public readonly double GradientOfActivation(long element, double dropped)
        {
            double g = TElement.Load(Gy[element]);
            return Activation(element, dropped) < 0 ? g * Slope : g;
        }
    }

    internal struct RunningArguments
    {
        public ArrayView<T> Mean,
            Variance,
            RunningMean,
            RunningVariance;
        public ArrayView<int> Modality;
        public long Groups;
        public double Decay;
    }
}
