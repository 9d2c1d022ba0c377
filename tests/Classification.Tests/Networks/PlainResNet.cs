using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Classification.Tests.Networks;

/// <summary>A ResNet of small images in training, written out in loops and float64, by the weights of another.</summary>
internal sealed class PlainResNet(ParameterStore weights, ClassifierConfig settings)
{
    private const double Epsilon = 1e-5;

    public double[] Logits(Shape images, double[] values)
    {
        Map x = Relu(Normalized("conv1", new Map(images[0], images[2], images[3], images[4], values), 1));
        for (int group = 1; group <= 3; group++)
        {
            for (int block = 1; block <= (settings.Depth - 2) / 6; block++)
                x = Block($"group{group}.block{block}", x, group > 1 && block == 1 ? 2 : 1);
        }

        double[] kernel = weights["logits.kernel"].Value.ToArray<double>(),
            bias = weights["logits.bias"].Value.ToArray<double>();
        var logits = new double[x.Samples * bias.Length];
        for (int i = 0; i < logits.Length; i++)
        {
            (int n, int k) = (i / bias.Length, i % bias.Length);
            logits[i] = bias[k] + Enumerable.Range(0, x.Channels).Sum(c => Mean(x, n, c) * kernel[(c * bias.Length) + k]);
        }

        return logits;
    }

    private Map Block(string name, Map x, int stride)
    {
        Map branch = Normalized($"{name}.conv2", Relu(Normalized($"{name}.conv1", x, stride)), 1);
        int missing = (branch.Channels - x.Channels) / 2;
        return Relu(
            branch.Each(
                (n, i, j, c) =>
                    branch[n, i, j, c]
                    + (c >= missing && c < missing + x.Channels ? x[n, i * stride, j * stride, c - missing] : 0)
            )
        );
    }

    /// <summary>3x3, a border of 1, then the batch's own moments, gamma and beta.</summary>
    private Map Normalized(string name, Map x, int stride)
    {
        Tensor kernel = weights[$"{name}.kernel"].Value;
        double[] w = kernel.ToArray<double>();
        int outputs = kernel.Shape[4];
        var y = new Map(x.Samples, ((x.Height - 1) / stride) + 1, ((x.Width - 1) / stride) + 1, outputs);
        y = y.Each(
            (n, i, j, k) =>
            {
                double sum = 0;
                for (int tap = 0; tap < 9; tap++)
                {
                    int row = (i * stride) + (tap / 3) - 1,
                        column = (j * stride) + (tap % 3) - 1;
                    if (row < 0 || row >= x.Height || column < 0 || column >= x.Width)
                        continue;
                    for (int c = 0; c < x.Channels; c++)
                        sum += x[n, row, column, c] * w[(((tap * x.Channels) + c) * outputs) + k];
                }

                return sum;
            }
        );
        double[] gamma = weights[$"{name}.norm.gamma"].Value.ToArray<double>(),
            beta = weights[$"{name}.norm.beta"].Value.ToArray<double>();
        double[][] ofChannel =
        [
            .. Enumerable.Range(0, outputs).Select(k => y.Values.Where((_, i) => i % outputs == k).ToArray()),
        ];
        double[] mean = [.. ofChannel.Select(values => values.Average())];
        double[] variance = [.. ofChannel.Select((values, k) => values.Average(v => (v - mean[k]) * (v - mean[k])))];
        return y.Each((n, i, j, k) => (gamma[k] * (y[n, i, j, k] - mean[k]) / Math.Sqrt(variance[k] + Epsilon)) + beta[k]);
    }

    private static Map Relu(Map x) => x.Each((n, i, j, c) => Math.Max(x[n, i, j, c], 0));

    private static double Mean(Map x, int n, int c) =>
        Enumerable.Range(0, x.Height * x.Width).Average(p => x[n, p / x.Width, p % x.Width, c]);

    private sealed record Map(int Samples, int Height, int Width, int Channels, double[] Values)
    {
        public Map(int samples, int height, int width, int channels)
            : this(samples, height, width, channels, new double[samples * height * width * channels]) { }

        public double this[int n, int i, int j, int c] => Values[(((((n * Height) + i) * Width) + j) * Channels) + c];

        public Map Each(Func<int, int, int, int, double> value)
        {
            var result = new double[Values.Length];
            for (int index = 0; index < result.Length; index++)
            {
                int c = index % Channels,
                    j = index / Channels % Width,
                    i = index / Channels / Width % Height;
                result[index] = value(index / Channels / Width / Height, i, j, c);
            }

            return this with
            {
                Values = result,
            };
        }
    }
}
