using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>
/// The definition of <see cref="ConvolutionProblem"/> as plain loops in float64: shares nothing with the product.
/// </summary>
internal static class ConvolutionReference
{
    public static double[] Forward(ConvolutionProblem p, double[] x, double[] w)
    {
        var y = new double[p.OutputShape.Count];
        ForEachProduct(p, (xi, wi, yi) => y[yi] += x[xi] * w[wi]);
        return y;
    }

    public static double[] BackwardData(ConvolutionProblem p, double[] gy, double[] w)
    {
        var gx = new double[p.InputShape.Count];
        ForEachProduct(p, (xi, wi, yi) => gx[xi] += gy[yi] * w[wi]);
        return gx;
    }

    public static double[] BackwardWeights(ConvolutionProblem p, double[] x, double[] gy)
    {
        var gw = new double[p.WeightShape.Count];
        ForEachProduct(p, (xi, wi, yi) => gw[wi] += gy[yi] * x[xi]);
        return gw;
    }

    /// <summary>Calls <paramref name="product"/> with the element indices of each product in the definition.</summary>
    private static void ForEachProduct(ConvolutionProblem p, Action<long, long, long> product)
    {
        Size3 o = p.Output;
        for (int n = 0; n < p.Batch; n++)
        for (int od = 0; od < o.Depth; od++)
        for (int oh = 0; oh < o.Height; oh++)
        for (int ow = 0; ow < o.Width; ow++)
        for (int kd = 0; kd < p.Kernel.Depth; kd++)
        for (int kh = 0; kh < p.Kernel.Height; kh++)
        for (int kw = 0; kw < p.Kernel.Width; kw++)
        {
            int d = Source(p, 0, od, kd),
                h = Source(p, 1, oh, kh),
                w = Source(p, 2, ow, kw);
            if (d < 0 || h < 0 || w < 0)
                continue;
            for (int c = 0; c < p.InputChannels; c++)
            for (int k = 0; k < p.OutputChannels; k++)
            {
                product(
                    ((((((long)n * p.Input.Depth) + d) * p.Input.Height) + h) * p.Input.Width + w) * p.InputChannels + c,
                    ((((((long)kd * p.Kernel.Height) + kh) * p.Kernel.Width) + kw) * p.InputChannels + c) * p.OutputChannels + k,
                    ((((((long)n * o.Depth) + od) * o.Height) + oh) * o.Width + ow) * p.OutputChannels + k
                );
            }
        }
    }

    private static int Source(ConvolutionProblem p, int axis, int output, int tap)
    {
        int i = output * p.Stride[axis] + tap * p.Dilation[axis] - p.PadBefore[axis];
        if (i >= 0 && i < p.Input[axis])
            return i;
        if (p.Padding == PaddingMode.Zero)
            return -1;
        return i < 0 ? -1 - i : 2 * p.Input[axis] - 1 - i;
    }
}
