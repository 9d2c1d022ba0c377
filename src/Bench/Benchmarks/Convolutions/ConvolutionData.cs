using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Bench.Benchmarks.Convolutions;

/// <summary>Made-up operands of a convolution on the host, and what single elements of its results must be.</summary>
internal sealed class ConvolutionData
{
    /// <summary>Products that a check may take: less than a second.</summary>
    private const double CheckedProducts = 5e7;

    private const long FewestSamples = 64,
        MostSamples = 4096;

    private readonly AxisRead[][] reads;
    private readonly float[] input;

    /// <param name="problem">Sizes.</param>
    /// <param name="fusion">What is done besides, if anything.</param>
    public ConvolutionData(ConvolutionProblem problem, ConvolutionFusion? fusion = null)
    {
        (Problem, Fusion) = (problem, fusion);
        X = Random(problem.InputShape.Count, 0);
        input = fusion?.Normalize(X) ?? X;
        W = Random(problem.WeightShape.Count, 1);
        Y = Random(problem.OutputShape.Count, 2);
        reads = [.. Enumerable.Range(0, 3).Select(a => AxisRead.Of(problem, a).ToArray())];
    }

    public ConvolutionProblem Problem { get; }

    public ConvolutionFusion? Fusion { get; }

    /// <summary>Numbers in [-1, 1).</summary>
    public float[] X { get; }

    public float[] W { get; }

    public float[] Y { get; }

    /// <summary>
    /// The relative error of a result: norm of the difference over norm of float64, at one random element of each of equal parts
    /// of it; NaN if any element is not a number.
    /// </summary>
    public double RelativeError(ConvolutionPass pass, float[] result)
    {
        if (Array.Exists(result, float.IsNaN))
            return double.NaN;
        double perElement = Problem.Flops / 2 / result.Length;
        long samples = Math.Min(result.Length, Math.Clamp((long)(CheckedProducts / perElement), FewestSamples, MostSamples));
        double[] expected = new double[samples],
            difference = new double[samples];
        Parallel.For(
            0,
            samples,
            sample =>
            {
                long first = result.Length * sample / samples,
                    last = result.Length * (sample + 1) / samples;
                long element = first + (Hash((uint)sample ^ 0x5BD1E995) % (last - first));
                expected[sample] = Expected(pass, element);
                difference[sample] = result[element] - expected[sample];
            }
        );
        return Math.Sqrt(difference.Sum(d => d * d) / expected.Sum(e => e * e));
    }

    private double Expected(ConvolutionPass pass, long element) =>
        pass switch
        {
            ConvolutionPass.Forward => Forward(element),
            ConvolutionPass.Data => Data(element),
            ConvolutionPass.Weights => Weights(element),
            _ => throw new ArgumentOutOfRangeException(nameof(pass), pass, "unknown pass"),
        };

    private double Forward(long element)
    {
        (int n, int d, int h, int w, int k) = Place(element, Problem.Output, Problem.OutputChannels);
        double sum = 0;
        foreach ((AxisRead rd, AxisRead rh, AxisRead rw) in Reads(r => r.Output, d, h, w))
        {
            long x = At(n, rd.Input, rh.Input, rw.Input, Problem.Input) * Problem.InputChannels,
                tap = At(0, rd.Tap, rh.Tap, rw.Tap, Problem.Kernel) * Problem.InputChannels;
            for (int c = 0; c < Problem.InputChannels; c++)
                sum += (double)input[x + c] * W[((tap + c) * Problem.OutputChannels) + k];
        }

        return sum;
    }

    private double Data(long element)
    {
        (int n, int d, int h, int w, int c) = Place(element, Problem.Input, Problem.InputChannels);
        double sum = 0;
        foreach ((AxisRead rd, AxisRead rh, AxisRead rw) in Reads(r => r.Input, d, h, w))
        {
            long y = At(n, rd.Output, rh.Output, rw.Output, Problem.Output) * Problem.OutputChannels;
            long tap = ((At(0, rd.Tap, rh.Tap, rw.Tap, Problem.Kernel) * Problem.InputChannels) + c) * Problem.OutputChannels;
            for (int k = 0; k < Problem.OutputChannels; k++)
                sum += (double)Y[y + k] * W[tap + k];
        }

        return sum;
    }

    private double Weights(long element)
    {
        int k = (int)(element % Problem.OutputChannels);
        (_, int d, int h, int w, int c) = Place(element / Problem.OutputChannels, Problem.Kernel, Problem.InputChannels);
        double sum = 0;
        foreach ((AxisRead rd, AxisRead rh, AxisRead rw) in Reads(r => r.Tap, d, h, w))
        {
            for (int n = 0; n < Problem.Batch; n++)
                sum +=
                    (double)input[(At(n, rd.Input, rh.Input, rw.Input, Problem.Input) * Problem.InputChannels) + c]
                    * Y[(At(n, rd.Output, rh.Output, rw.Output, Problem.Output) * Problem.OutputChannels) + k];
        }

        return sum;
    }

    private IEnumerable<(AxisRead Depth, AxisRead Height, AxisRead Width)> Reads(Func<AxisRead, int> of, int d, int h, int w)
    {
        AxisRead[] heights = [.. reads[1].Where(r => of(r) == h)],
            widths = [.. reads[2].Where(r => of(r) == w)];
        foreach (AxisRead depth in reads[0].Where(r => of(r) == d))
        {
            foreach (AxisRead height in heights)
            {
                foreach (AxisRead width in widths)
                    yield return (depth, height, width);
            }
        }
    }

    private static long At(int n, int d, int h, int w, Size3 extent) =>
        (((((long)n * extent.Depth) + d) * extent.Height) + h) * extent.Width + w;

    private static (int N, int D, int H, int W, int Channel) Place(long element, Size3 extent, int channels)
    {
        int channel = (int)(element % channels);
        long position = element / channels;
        int w = (int)(position % extent.Width),
            h = (int)(position / extent.Width % extent.Height),
            d = (int)(position / extent.Width / extent.Height % extent.Depth);
        return ((int)(position / extent.Count), d, h, w, channel);
    }

    private static float[] Random(long count, uint seed)
    {
        float[] values = new float[count];
        Parallel.For(0, values.Length, i => values[i] = (Hash((uint)i + (seed * 0x9E3779B9)) / 2147483648f) - 1);
        return values;
    }

    private static uint Hash(uint v)
    {
        v = (v ^ (v >> 16)) * 0x7FEB352D;
        v = (v ^ (v >> 15)) * 0x846CA68B;
        return v ^ (v >> 16);
    }

    /// <summary>Along one axis, an output position reads an input position through a tap.</summary>
    private readonly record struct AxisRead(int Output, int Tap, int Input)
    {
        public static IEnumerable<AxisRead> Of(ConvolutionProblem problem, int axis)
        {
            int extent = problem.Input[axis];
            for (int output = 0; output < problem.Output[axis]; output++)
            {
                for (int tap = 0; tap < problem.Kernel[axis]; tap++)
                {
                    int input = (output * problem.Stride[axis]) + (tap * problem.Dilation[axis]) - problem.PadBefore[axis];
                    if (problem.Padding == PaddingMode.Symmetric)
                        input =
                            input < 0 ? -1 - input
                            : input >= extent ? (2 * extent) - 1 - input
                            : input;
                    if (input >= 0 && input < extent)
                        yield return new AxisRead(output, tap, input);
                }
            }
        }
    }
}
