using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Benchmarks.Convolutions;

/// <summary>
/// What the networks' convolutions do besides: they normalize the input of each modality while they read it, and the forward
/// pass leaves the statistics of its output. Made-up statistics and weights of that normalization, without dropout.
/// </summary>
internal sealed class ConvolutionFusion
{
    private const int Modalities = 2;
    private const double Epsilon = 1e-3,
        Slope = 0.2;

    private readonly float[] mean,
        variance,
        gamma,
        beta;

    public ConvolutionFusion(ConvolutionProblem problem)
    {
        ModalityIndex modality =
            problem.Batch % Modalities == 0
                ? ModalityIndex.Blocks(Modalities, problem.Batch / Modalities)
                : ModalityIndex.Single(Modalities, 0, problem.Batch);
        NormalizationProblem Of(Shape shape) =>
            new(shape, NormalizationKind.Batch, modality, 1, Epsilon, Slope, DropoutMask.None);
        (Input, Output) = (Of(problem.InputShape), Of(problem.OutputShape));
        mean = Row(i => 0.5 * Math.Sin(i));
        variance = Row(i => 1 + (0.5 * Math.Sin(2 * i)));
        gamma = Row(i => 1 + (0.5 * Math.Cos(i)));
        beta = Row(i => 0.5 * Math.Cos(3 * i));
        float[] Row(Func<int, double> value) =>
            [.. Enumerable.Range(0, (int)Input.AffineShape.Count).Select(i => (float)value(i))];
    }

    public NormalizationProblem Input { get; }

    public NormalizationProblem Output { get; }

    /// <summary>What the convolution multiplies, by <see cref="NormalizationProblem"/>.</summary>
    public float[] Normalize(float[] x)
    {
        float[] normalized = new float[x.Length];
        int channels = Input.Channels,
            perSample = Input.Positions * channels;
        Parallel.For(
            0,
            Input.Samples,
            sample =>
            {
                for (int i = sample * perSample; i < (sample + 1) * perSample; i++)
                {
                    int at = (Input.Modality[sample] * channels) + (i % channels);
                    double value = (gamma[at] * (x[i] - mean[at]) / Math.Sqrt(variance[at] + Epsilon)) + beta[at];
                    normalized[i] = (float)(value >= 0 ? value : Slope * value);
                }
            }
        );
        return normalized;
    }

    public (InputNormalization Input, OutputStatistics Output) Place(Backend backend)
    {
        Tensor At(float[] values) => Tensor.From<float>(backend.Device, Input.AffineShape, values);
        Tensor Room() => Tensor.Allocate(backend.Device, Output.StatisticsShape, DType.Float32);
        return (
            new InputNormalization(Input, At(mean), At(variance), At(gamma), At(beta)),
            new OutputStatistics(Output, Room(), Room())
        );
    }

    /// <summary>How far statistics are from those of y, in standard deviations and as a part of the variance.</summary>
    public double StatisticsError(float[] y, float[] means, float[] variances)
    {
        int channels = Output.Channels,
            perSample = Output.Positions * channels;
        double worst = 0;
        foreach ((int modality, int first, int count) in Output.Modality.Runs())
        {
            double[] sum = new double[channels],
                squares = new double[channels];
            for (int i = first * perSample; i < (first + count) * perSample; i++)
            {
                sum[i % channels] += y[i];
                squares[i % channels] += (double)y[i] * y[i];
            }

            double positions = (double)count * Output.Positions;
            for (int c = 0; c < channels; c++)
            {
                double expected = sum[c] / positions,
                    spread = Math.Max((squares[c] / positions) - (expected * expected), 1e-12);
                int at = (modality * channels) + c;
                double error = Math.Max(
                    Math.Abs(means[at] - expected) / Math.Sqrt(spread),
                    Math.Abs(variances[at] - spread) / spread
                );
                worst = double.IsNaN(error) ? double.NaN : Math.Max(worst, error);
            }
        }

        return worst;
    }
}
