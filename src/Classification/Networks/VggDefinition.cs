using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Classification.Networks;

/// <summary>
/// VGG: blocks of 3x3 convolutions, a 2x2 maximum between blocks, channels W, 2W, 4W, then 8W. Simonyan and Zisserman 2015,
/// arXiv:1409.1556. With hidden layers the map is pooled to a grid that two of them read ("fc6", "fc7"), as published:
/// 138,357,544 parameters at depth 16, W = 64, 4096 units, a 7x7 grid, no batch normalization and 1000 classes. Without them the
/// linear layer reads the mean over positions, as is usual for small images.
/// </summary>
internal sealed class VggDefinition : ClassifierDefinition
{
    /// <summary>Convolutions of each block, by depth; the published depths count three layers behind them.</summary>
    private static readonly IReadOnlyDictionary<int, int[]> Blocks = new SortedDictionary<int, int[]>
    {
        [9] = [2, 2, 2],
        [11] = [1, 1, 2, 2, 2],
        [13] = [2, 2, 2, 2, 2],
        [16] = [2, 2, 3, 3, 3],
        [19] = [2, 2, 4, 4, 4],
    };

    public override string? Problem(ClassifierConfig settings) =>
        Blocks.ContainsKey(settings.Depth)
            ? null
            : $"depth is {settings.Depth}; a vgg has {string.Join(", ", Blocks.Keys)} layers";

    private protected override (NetworkStage Map, NetworkStage Vector) AddStages(
        StageSequence stages,
        LayerFactory make,
        int inputChannels,
        int classes,
        ClassifierConfig settings
    )
    {
        NetworkStage? map = null;
        int channels = inputChannels;
        foreach ((int block, int convolutions) in Blocks[settings.Depth].Index())
        {
            int inputs = channels;
            channels = settings.Width << Math.Min(block, 3);
            Func<ForwardContext, Variable, Variable> convolve = Block(
                make,
                $"block{block + 1}",
                inputs,
                channels,
                convolutions,
                settings.BatchNorm
            );
            map = stages.Add($"block{block + 1}", channels, block == 0 ? [convolve] : [MaxPool, convolve]);
        }

        NetworkStage vector =
            settings.Hidden == 0
                ? stages.Add("pool", channels, LayerFactory.GlobalAverage)
                : AddHidden(stages, make, channels, settings);
        stages.Add("logits", classes, make.Logits(vector.Channels, classes));
        return (map!, vector);
    }

    private static NetworkStage AddHidden(StageSequence stages, LayerFactory make, int channels, ClassifierConfig settings)
    {
        int units = settings.Hidden,
            grid = settings.Grid;
        stages.Add("pool", channels, (context, x) => PoolToGrid(context, x, grid));
        stages.Add("fc6", units, make.Hidden("fc6", grid * grid * channels, units, settings.DropoutKeep));
        return stages.Add("fc7", units, make.Hidden("fc7", units, units, settings.DropoutKeep));
    }

    private static Func<ForwardContext, Variable, Variable> Block(
        LayerFactory make,
        string name,
        int inputs,
        int outputs,
        int convolutions,
        bool isNormalized
    )
    {
        string[] names = [.. Enumerable.Range(1, convolutions).Select(i => $"{name}.conv{i}")];
        if (isNormalized)
        {
            ConvUnit[] units = [.. names.Select((own, i) => make.Unit(own, i == 0 ? inputs : outputs, outputs))];
            return (context, x) => ConvUnit.Chain(context, x, units);
        }

        Conv[] convs =
        [
            .. names.Select(
                (own, i) => make.Conv(own, i == 0 ? inputs : outputs, outputs, size: 3, hasBias: true, isNormalized: false)
            ),
        ];
        return (context, x) =>
            convs.Aggregate(
                x,
                (input, conv) =>
                {
                    Variable sum = conv.Forward(context, input);
                    if (input != x)
                        Tape.Release(input);
                    Variable y = context.Tape.Relu(sum);
                    Tape.Release(sum);
                    return y;
                }
            );
    }

    private static Variable MaxPool(ForwardContext context, Variable x) =>
        context.Tape.MaxPool(new PoolingProblem(x.Shape, Size3.Planar(2), Size3.Planar(2)), x);

    private static Variable PoolToGrid(ForwardContext context, Variable x, int grid)
    {
        (int height, int width) = (x.Shape[2], x.Shape[3]);
        if (height % grid != 0 || width % grid != 0)
            throw new ArgumentException(
                $"the last features are {height}x{width}, which cannot be pooled to {grid}x{grid}: choose a network.grid that "
                    + "divides both, or another size of images"
            );
        var window = new Size3(1, height / grid, width / grid);
        return window == Size3.One ? x : context.Tape.MaxPool(new PoolingProblem(x.Shape, window, window), x);
    }
}
