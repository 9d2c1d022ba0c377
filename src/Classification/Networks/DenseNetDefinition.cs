using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Classification.Networks;

/// <summary>
/// DenseNet-BC of small images: a 3x3 convolution to 2k channels, dense blocks, between them a 1x1 convolution that halves the
/// channels and a 2x2 average, the mean over positions, a linear layer. A layer of a block adds k channels to what it reads,
/// through 4k of a 1x1 convolution. Huang et al. 2017, arXiv:1608.06993. Depth 6n + 4 has three blocks of n layers (100 layers at
/// k = 12, 10 classes: 769,162 parameters), depth 121 blocks of 6, 12, 24 and 16 (k = 32: 6,956,298, the form that is common for
/// 32x32 images).
/// </summary>
internal sealed class DenseNetDefinition : ClassifierDefinition
{
    private const int Published = 121;

    public override string? Problem(ClassifierConfig settings) =>
        settings.Depth == Published || (settings.Depth % 6 == 4 && settings.Depth > 4)
            ? null
            : $"depth is {settings.Depth}; a densenet has 6n+4 layers, such as 10, 22, 40 or 100, or {Published}";

    private protected override (NetworkStage Map, NetworkStage Vector) AddStages(
        StageSequence stages,
        LayerFactory make,
        int inputChannels,
        int classes,
        ClassifierConfig settings
    )
    {
        int growth = settings.Width,
            channels = 2 * growth;
        int[] blocks = settings.Depth == Published ? [6, 12, 24, 16] : [.. Enumerable.Repeat((settings.Depth - 4) / 6, 3)];
        Conv first = make.Conv("conv1", inputChannels, channels, size: 3, isNormalized: false);
        NetworkStage map = stages.Add("conv1", channels, first.Forward);
        foreach ((int block, int layers) in blocks.Index())
        {
            var operations = new List<Func<ForwardContext, Variable, Variable>>();
            string name = $"dense{block + 1}";
            if (block > 0)
            {
                operations.Add(Transition(make, $"{name}.transition", channels));
                channels /= 2;
            }

            for (int layer = 1; layer <= layers; layer++, channels += growth)
                operations.Add(Layer(make, $"{name}.layer{layer}", channels, growth));
            if (block == blocks.Length - 1)
            {
                ModalityNorm last = make.Norm("norm", channels);
                operations.Add((context, x) => last.Forward(context, x, DropoutMask.None));
            }

            map = stages.Add(name, channels, operations);
        }

        NetworkStage vector = stages.Add("pool", channels, LayerFactory.GlobalAverage);
        stages.Add("logits", classes, make.Logits(channels, classes));
        return (map, vector);
    }

    /// <summary>x beside conv3x3(relu(norm(conv1x1(relu(norm(x)))))).</summary>
    private static Func<ForwardContext, Variable, Variable> Layer(LayerFactory make, string name, int inputs, int growth)
    {
        ModalityNorm norm = make.Norm($"{name}.norm", inputs);
        ConvUnit bottleneck = make.Unit($"{name}.conv1", inputs, 4 * growth, size: 1);
        Conv conv = make.Conv($"{name}.conv2", 4 * growth, growth, size: 3, isNormalized: false);
        return (context, x) =>
        {
            var input = new ConvolutionPart(x, norm.Prepare(context, x, DropoutMask.None));
            Unnormalized inner = bottleneck.Forward(context, input);
            Variable added = conv.Forward(context, [inner.AsPart(context)]);
            Tape.Release(inner.X);
            Variable y = context.Tape.Concat(^1, x, added);
            Tape.Release(added);
            return y;
        };
    }

    private static Func<ForwardContext, Variable, Variable> Transition(LayerFactory make, string name, int channels)
    {
        ModalityNorm norm = make.Norm($"{name}.norm", channels);
        Conv conv = make.Conv($"{name}.conv", channels, channels / 2, size: 1, isNormalized: false);
        return (context, x) =>
        {
            Variable halved = conv.Forward(context, norm.Prepare(context, x, DropoutMask.None), x);
            Variable y = context.Tape.AveragePool(new PoolingProblem(halved.Shape, Size3.Planar(2), Size3.Planar(2)), halved);
            Tape.Release(halved);
            return y;
        };
    }
}
