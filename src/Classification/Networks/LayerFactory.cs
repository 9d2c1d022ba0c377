using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Classification.Networks;

/// <summary>
/// Makes the layers of one classifier. Kernels start as He et al. 2015 (arXiv:1502.01852) have it, for layers before a ReLU:
/// normal with variance 2 / inputs of an output. Normalizations are PyTorch's: epsilon 1e-5, running statistics of momentum 0.1.
/// </summary>
internal sealed class LayerFactory(ParameterStore store)
{
    private static readonly NormalizationSettings BatchNorm = new(
        NormalizationKind.Batch,
        Modalities: 1,
        Decay: 0.9,
        Epsilon: 1e-5,
        Slope: 0
    );

    private int dropoutSites;

    /// <summary>A convolution that reads size / 2 elements beyond the border, as PyTorch's with padding = size / 2.</summary>
    public Conv Conv(
        string name,
        int inputs,
        int outputs,
        int size,
        int stride = 1,
        bool hasBias = false,
        bool isNormalized = true
    ) =>
        new(
            store,
            name,
            inputs,
            outputs,
            Size3.Planar(size),
            Initializer.Normal(Math.Sqrt(2.0 / (size * size * inputs))),
            Size3.Planar(stride),
            hasBias: hasBias,
            storesActivation: isNormalized,
            border: Size3.Planar(size / 2, depth: 0)
        );

    /// <summary>Batch normalization, with a ReLU behind it or without.</summary>
    public ModalityNorm Norm(string name, int channels, bool hasRelu = true) =>
        new(store, name, channels, hasRelu ? BatchNorm : BatchNorm with { Slope = 1 });

    /// <summary>A convolution and the normalization of its result.</summary>
    public ConvUnit Unit(string name, int inputs, int outputs, int size = 3, int stride = 1, bool hasRelu = true) =>
        new(Conv(name, inputs, outputs, size, stride), Norm($"{name}.norm", outputs, hasRelu));

    /// <summary>A hidden layer: linear, ReLU, dropout. Reads any (N, ...) as rows.</summary>
    public Func<ForwardContext, Variable, Variable> Hidden(string name, int inputs, int outputs, double keep)
    {
        var linear = new Linear(store, name, inputs, outputs, Initializer.Normal(Math.Sqrt(2.0 / inputs)));
        int site = dropoutSites++;
        return (context, x) =>
        {
            Variable sum = linear.Forward(context, Rows(context, x));
            Variable y = context.Tape.Relu(sum);
            Tape.Release(sum);
            return context.Tape.Dropout(y, context.Mask(keep, site));
        };
    }

    /// <summary>The last layer, which no ReLU follows: a variance of 1 / inputs keeps that of its input.</summary>
    public Func<ForwardContext, Variable, Variable> Logits(int inputs, int classes) =>
        new Linear(store, "logits", inputs, classes, Initializer.Normal(Math.Sqrt(1.0 / inputs))).Forward;

    /// <summary>Images of a height and width; what those of one size are multiplied by is made when the first come.</summary>
    public Func<ForwardContext, Variable, Variable> Resize(int side)
    {
        var bySize = new Dictionary<(int Height, int Width), BilinearResize>();
        return (context, x) =>
        {
            (int Height, int Width) size = (x.Shape[2], x.Shape[3]);
            if (size == (side, side))
                return x;
            if (!bySize.TryGetValue(size, out BilinearResize? resize))
                bySize.Add(size, resize = store.Own(new BilinearResize(store.Device, size, (side, side), store.DType)));
            return resize.Forward(context.Tape, x);
        };
    }

    /// <summary>The mean over all positions: (N, 1, H, W, C) to (N, C).</summary>
    public static Variable GlobalAverage(ForwardContext context, Variable x) => context.Tape.Mean(x, first: 1, axes: 3);

    private static Variable Rows(ForwardContext context, Variable x) =>
        x.Shape.Rank == 2 ? x : context.Tape.Reshape(x, new(x.Shape[0], checked((int)(x.Shape.Count / x.Shape[0]))));
}
