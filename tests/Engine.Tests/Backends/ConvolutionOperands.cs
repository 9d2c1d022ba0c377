using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>Input, weights and output gradient of a convolution, the same on every run.</summary>
internal sealed record ConvolutionOperands(double[] X, double[] W, double[] Gy)
{
    /// <summary>Integers in -4..4: every product and sum is exact in float32, in any order.</summary>
    public static ConvolutionOperands Integers(ConvolutionProblem problem) => Of(problem, h => (h % 9) - 4.0);

    /// <summary>Float32 values in [-0.5, 0.5].</summary>
    public static ConvolutionOperands Reals(ConvolutionProblem problem) =>
        Of(problem, h => (float)((h / (double)uint.MaxValue) - 0.5));

    private static ConvolutionOperands Of(ConvolutionProblem problem, Func<uint, double> value)
    {
        double[] Fill(long count, int salt) => [.. Enumerable.Range(0, (int)count).Select(i => value(Hash(i, salt)))];
        return new(Fill(problem.InputShape.Count, 1), Fill(problem.WeightShape.Count, 2), Fill(problem.OutputShape.Count, 3));
    }

    private static uint Hash(int index, int salt)
    {
        uint h = ((uint)index * 2654435761u) ^ ((uint)salt * 40503u);
        h = (h ^ (h >> 15)) * 2246822519u;
        h = (h ^ (h >> 13)) * 3266489917u;
        return h ^ (h >> 16);
    }
}
