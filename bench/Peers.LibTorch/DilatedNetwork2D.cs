using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// The dilated residual network as a TorchSharp user would write it; layer by layer that of
/// <c>Segmentation.Networks.DilatedNetwork2D</c>.
/// </summary>
internal sealed class DilatedNetwork2D : PeerNetwork
{
    private const int ShuffleFactor = 8;

    private readonly List<Func<Tensor, Pass, Tensor>> stages = [];
    private readonly double dropped;

    public DilatedNetwork2D(PeerParameters parameters, int f, double dropped = 0.25)
        : base(parameters)
    {
        this.dropped = dropped;
        AddConvolution(Slices, f);
        AddResidual(f, f);
        AddPool();
        AddResidual(f, 2 * f);
        AddPool();
        AddResidualPair(2 * f, 4 * f);
        AddPool();
        AddResidualPair(4 * f, 8 * f);
        AddResidualPair(8 * f, 16 * f);
        AddResidualPair(16 * f, 16 * f);
        AddResidualPair(16 * f, 32 * f);
        AddResidual(32 * f, 32 * f, dilation: 2);
        AddResidual(32 * f, 32 * f, dilation: 2);
        stages.Add(PreActivation(32 * f, 32 * f));
        stages.Add(PreActivation(32 * f, 32 * f));
        AddUpsampling(32 * f, ShuffleFactor * ShuffleFactor * ShuffleFactor * Classes);
        AddConvolution(ShuffleFactor * Classes, Classes, taps: 5, isMirrored: true);
    }

    /// <summary>
    /// Kernels of groups 1 to 9 in units of 9 F^2, the first, the tenth and the read-out; gamma and beta of both modalities.
    /// </summary>
    public override long ExpectedParameters(long f) =>
        (9 * 11936 * f * f) + (27 * f) + (9 * 32 * f * 2560) + (25 * 40 * Classes) + (4 * ((471 * f) + 2560));

    public override Tensor Forward(Tensor images, Pass pass)
    {
        Tensor x = images;
        foreach (Func<Tensor, Pass, Tensor> stage in stages)
        {
            Tensor y = Scoped.Run(() => stage(x, pass));
            if (!ReferenceEquals(x, images))
                x.Dispose();
            x = y;
        }

        return x;
    }

    private void AddPool() => stages.Add((x, _) => max_pool2d(x, [2, 2]));

    private void AddConvolution(int inputs, int outputs, int taps = 3, bool isMirrored = false)
    {
        var convolution = new Convolution(Parameters.Kernel(outputs, inputs, taps, taps), IsMirrored: isMirrored);
        stages.Add((x, _) => convolution.Forward(x));
    }

    private void AddResidualPair(int inputs, int outputs)
    {
        AddResidual(inputs, outputs);
        AddResidual(outputs, outputs);
    }

    /// <summary>New channels are met by zeros on both sides of the input's.</summary>
    private void AddResidual(int inputs, int outputs, int dilation = 1)
    {
        Func<Tensor, Pass, Tensor> first = PreActivation(inputs, outputs, dilation),
            second = PreActivation(outputs, outputs, dilation);
        long side = (outputs - inputs) / 2;
        stages.Add(
            (x, pass) =>
                second(first(x, pass), pass).add_(side == 0 ? x : pad(x, [0, 0, 0, 0, side, side], PaddingModes.Constant))
        );
    }

    private Func<Tensor, Pass, Tensor> PreActivation(int inputs, int outputs, int dilation = 1)
    {
        var norm = new ModalityNorm(Parameters, inputs);
        var convolution = new Convolution(Parameters.Kernel(outputs, inputs, 3, 3), Dilation: dilation);
        return (x, pass) => Scoped.Run(() => dropout(convolution.Forward(norm.Forward(x, pass)), dropped, pass.IsTraining));
    }

    private void AddUpsampling(int inputs, int outputs)
    {
        AddConvolution(inputs, outputs, isMirrored: true);
        var norm = new ModalityNorm(Parameters, outputs);
        stages.Add((x, pass) => pixel_shuffle(norm.Forward(x, pass), ShuffleFactor));
    }
}
