using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Classification.Networks;

/// <summary>
/// ResNet of small images, 6n + 2 layers: a 3x3 convolution, then three groups of n blocks of two 3x3 convolutions with W, 2W and
/// 4W channels at 1, 1/2 and 1/4 resolution, the mean over positions, a linear layer. Shortcuts have no parameters (option A):
/// every other position, its channels among zeros. He et al. 2016, arXiv:1512.03385, section 4.2. Three channels and 10 classes
/// at W = 16: 269,722 parameters at depth 20, 464,154 at 32, 853,018 at 56, 1,727,962 at 110.
/// </summary>
internal sealed class ResNetDefinition : ClassifierDefinition
{
    public override string? Problem(ClassifierConfig settings) =>
        settings.Depth % 6 != 2 ? $"depth is {settings.Depth}; a resnet has 6n+2 layers, such as 8, 14, 20, 32, 56 or 110"
        : settings.Width % 2 != 0 ? $"width is {settings.Width}; a resnet needs an even number"
        : null;

    private protected override (NetworkStage Map, NetworkStage Vector) AddStages(
        StageSequence stages,
        LayerFactory make,
        int inputChannels,
        int classes,
        ClassifierConfig settings
    )
    {
        int blocks = (settings.Depth - 2) / 6,
            channels = settings.Width;
        ConvUnit first = make.Unit("conv1", inputChannels, channels);
        NetworkStage map = stages.Add("conv1", channels, (context, x) => ConvUnit.Chain(context, x, first));
        for (int group = 1; group <= 3; group++)
        {
            int inputs = channels;
            channels = settings.Width << (group - 1);
            map = stages.Add(
                $"group{group}",
                channels,
                [
                    .. Enumerable
                        .Range(1, blocks)
                        .Select(block =>
                            Block(
                                make,
                                $"group{group}.block{block}",
                                block == 1 ? inputs : channels,
                                channels,
                                stride: group > 1 && block == 1 ? 2 : 1
                            )
                        ),
                ]
            );
        }

        NetworkStage vector = stages.Add("pool", channels, LayerFactory.GlobalAverage);
        stages.Add("logits", classes, make.Logits(channels, classes));
        return (map, vector);
    }

    /// <summary>relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)).</summary>
    private static Func<ForwardContext, Variable, Variable> Block(
        LayerFactory make,
        string name,
        int inputs,
        int outputs,
        int stride
    )
    {
        ConvUnit first = make.Unit($"{name}.conv1", inputs, outputs, stride: stride),
            second = make.Unit($"{name}.conv2", outputs, outputs, hasRelu: false);
        return (context, x) =>
        {
            Tape tape = context.Tape;
            Variable branch = ConvUnit.Chain(context, x, first, second);
            Variable shortcut = tape.Every(tape.Every(x, 2, stride), 3, stride);
            Variable sum = tape.AddResidual(shortcut, branch, DropoutMask.None);
            Tape.Release(branch);
            if (shortcut != x)
                Tape.Release(shortcut);
            Variable y = tape.Relu(sum);
            Tape.Release(sum);
            return y;
        };
    }
}
