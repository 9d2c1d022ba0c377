using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>Kernels and pools of a 3D U-Net, from the finest level to the coarsest.</summary>
/// <param name="Kernels">Kernel of each level's convolutions; a transposed convolution has that of the level it comes
/// from.</param>
/// <param name="Pools">Window and stride between neighbouring levels; one fewer than kernels.</param>
/// <param name="UpsampleDepth">Depth of the transposed convolutions' kernels; 0 for their level's. A depth of 1 under a stride of
/// 2 leaves every other slice empty, as published.</param>
public sealed record UNetLevels(IReadOnlyList<Size3> Kernels, IReadOnlyList<Size3> Pools, int UpsampleDepth = 0)
{
    /// <summary>The published network: 3x3x3 on two levels, 3x3x1 on two more.</summary>
    public static UNetLevels Published { get; } =
        new([Size3.Cube(3), Size3.Cube(3), Size3.Planar(3), Size3.Planar(3)], [Size3.Cube(2), Size3.Cube(2), Size3.Cube(2)]);

    /// <summary>The depth, height and width of an image must be multiples of this: the product of the pools.</summary>
    public Size3 Multiple => Size3.Map(a => Pools.Aggregate(1, (product, pool) => product * pool[a]));

    /// <summary>Refuses levels that make no network.</summary>
    /// <exception cref="ArgumentException">Too few levels, not one pool between each two, or a kernel that is even or too
    /// large.</exception>
    public UNetLevels Validate()
    {
        if (Kernels.Count < 2 || Pools.Count != Kernels.Count - 1)
            throw new ArgumentException(
                $"{Kernels.Count} kernels and {Pools.Count} pools: a U-Net needs two levels or more, and one pool between "
                    + "each two"
            );
        foreach (Size3 kernel in Kernels)
        {
            if (Enumerable.Range(0, 3).Any(a => kernel[a] is < 1 or > 7 || kernel[a] % 2 == 0))
                throw new ArgumentException($"kernel {kernel} must be odd and at most 7 along each axis");
        }

        return this;
    }
}

/// <summary>
/// The 3D U-Net of the unpaired volumetric experiments: two convolutions per level, each followed by normalization and leaky
/// ReLU, transposed convolutions on the way
/// up, skip connections behind the upsampled features. Cicek et al. 2016, arXiv:1606.06650; sizes of Dou et al. 2020,
/// arXiv:2001.03111, and the authors' published
/// code. 2,198,613 weights at 16 features and 5 classes. Normalization is applied on load by whatever reads a result, and
/// concatenations are never made.
/// </summary>
public sealed class UNet3D : ISegmentationNetwork
{
    // Of the published code.
    private static readonly Initializer KernelInitializer = Initializer.TruncatedNormal(0.01),
        UpsamplingInitializer = Initializer.Normal(0.01);

    private readonly UNetLevels levels;
    private readonly NormalizationSettings normalization;
    private readonly (ConvUnit First, ConvUnit Second)[] encoder,
        decoder;
    private readonly Upsampling[] upsamplings;
    private readonly Conv logits;

    /// <param name="store">Receives the parameters.</param>
    /// <param name="inputChannels">Channels of an image.</param>
    /// <param name="classes">Classes with background.</param>
    /// <param name="features">Channels of the first convolution (F); the deepest has 2^levels F.</param>
    /// <param name="normalization">Kind and number of modalities.</param>
    /// <param name="levels">Kernels and pools; the published ones if not given.</param>
    /// <exception cref="ArgumentException">A count is out of range.</exception>
    public UNet3D(
        ParameterStore store,
        int inputChannels,
        int classes,
        int features,
        NormalizationSettings normalization,
        UNetLevels? levels = null
    )
    {
        if (features < 1 || inputChannels < 1 || classes < 2)
            throw new ArgumentException(
                $"a network needs at least 1 feature, 1 input channel and 2 classes, not {features}, {inputChannels} and "
                    + $"{classes}"
            );
        this.levels = (levels ?? UNetLevels.Published).Validate();
        (Parameters, InputChannels, Classes, this.normalization) = (store, inputChannels, classes, normalization);
        int bottom = this.levels.Kernels.Count - 1;
        encoder =
        [
            .. Enumerable
                .Range(0, bottom + 1)
                .Select(level =>
                {
                    int from = features << level;
                    return (
                        Unit($"enc{level + 1}_1", level == 0 ? inputChannels : from, from, level),
                        Unit($"enc{level + 1}_2", from, 2 * from, level)
                    );
                }),
        ];

        // Built from the deepest up; each has the index of the level it leads to.
        decoder = new (ConvUnit, ConvUnit)[bottom];
        upsamplings = new Upsampling[bottom];
        int channels = features << (bottom + 1);
        for (int level = bottom - 1; level >= 0; level--)
        {
            int skip = features << (level + 1),
                upsampled = level == bottom - 1 ? channels / 2 : channels;
            Size3 kernel = this.levels.Kernels[level + 1];
            upsamplings[level] = new Upsampling(
                new TransposedConv(
                    store,
                    $"deconv{level + 1}",
                    channels,
                    upsampled,
                    this.levels.UpsampleDepth > 0 ? new Size3(this.levels.UpsampleDepth, kernel.Height, kernel.Width) : kernel,
                    this.levels.Pools[level],
                    UpsamplingInitializer,
                    storesActivation: true
                ),
                new ModalityNorm(store, $"deconv{level + 1}.norm", upsampled, normalization)
            );
            decoder[level] = (
                Unit($"dec{level + 1}_1", upsampled + skip, skip, level),
                Unit($"dec{level + 1}_2", skip, skip, level)
            );
            channels = skip;
        }

        logits = new Conv(store, "logits", channels, classes, Size3.One, KernelInitializer, hasBias: true);
        (string Name, int Channels)[] stages =
        [
            .. encoder.Select((_, level) => ($"enc{level + 1}", features << (level + 1))),
            .. Enumerable.Range(1, bottom).Select(i => ($"dec{bottom - i + 1}", features << (bottom - i + 1))),
            ("logits", classes),
        ];
        Stages = [.. stages.Select((stage, index) => new NetworkStage(stage.Name, index, stage.Channels))];
        CoarseStages =
        [
            .. Enumerable
                .Range(1, bottom - 1)
                .Select(level => new CoarseStage(
                    Stages[(2 * bottom) - level],
                    Size3.Map(a => this.levels.Pools.Take(level).Aggregate(1, (product, pool) => product * pool[a]))
                )),
        ];

        ConvUnit Unit(string name, int inputs, int outputs, int level) =>
            new(
                new Conv(store, name, inputs, outputs, this.levels.Kernels[level], KernelInitializer, storesActivation: true),
                new ModalityNorm(store, $"{name}.norm", outputs, normalization)
            );
    }

    /// <inheritdoc/>
    public ParameterStore Parameters { get; }

    /// <inheritdoc/>
    public int InputChannels { get; }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <summary>"enc1" down to the deepest level, the decoder's up to "dec1", and "logits".</summary>
    public IReadOnlyList<NetworkStage> Stages { get; }

    /// <summary>The decoder from "dec2" down.</summary>
    public IReadOnlyList<CoarseStage> CoarseStages { get; }

    /// <summary>The deepest level of the encoder.</summary>
    public NetworkStage Bottleneck => Stages[encoder.Length - 1];

    /// <summary>The product of all pools.</summary>
    public Size3 Multiple => levels.Multiple;

    /// <exception cref="ArgumentException">The images don't have the network's channels, or sides that the pools do not
    /// divide.</exception>
    public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null)
    {
        if (
            images.Shape.Rank != 5
            || images.Shape[4] != InputChannels
            || Enumerable.Range(0, 3).Any(a => images.Shape[a + 1] % Multiple[a] != 0)
        )
            throw new ArgumentException(
                $"images {images.Shape} must be (batch, depth, height, width, {InputChannels}) with depth, height and "
                    + $"width divisible by {Multiple}"
            );
        if (
            normalization.Modalities != 1
            && context.RequireModality("the network").Modalities is var counted
            && counted != normalization.Modalities
        )
            throw new ArgumentException($"the batch counts {counted} modalities, the network {normalization.Modalities}");

        return Run(context, new Features(images), firstStage: 0, [], taps);
    }

    /// <inheritdoc/>
    public Variable ForwardFrom(ForwardContext context, StageOutput output) =>
        Run(context, new Features(output.Features), output.Stage.Index + 1, output.Skips, taps: null);

    /// <summary>
    /// The stages from one on: encoder levels from the finest down, decoder levels back up, logits. What enters the first of them
    /// is left alone.
    /// </summary>
    private Variable Run(
        ForwardContext context,
        Features features,
        int firstStage,
        IReadOnlyList<ConvolutionPart> earlierSkips,
        FeatureTaps? taps
    )
    {
        var skips = new ConvolutionPart[decoder.Length];
        for (int level = 0; level < earlierSkips.Count; level++)
            skips[level] = earlierSkips[level];
        Variable input = features.X;
        int bottom = encoder.Length - 1;
        for (int stage = firstStage; stage < Stages.Count; stage++)
        {
            int level = stage <= bottom ? stage : (2 * bottom) - stage;
            if (stage <= bottom)
            {
                Variable x = stage == 0 ? features.X : Pool(context, features, level, skips);
                features = Pair(context, encoder[level], [new ConvolutionPart(x)], IsKept);
            }
            else if (level >= 0)
            {
                Features upsampled = upsamplings[level].Forward(context, features, IsKept);
                ConvolutionPart[] parts = [new ConvolutionPart(upsampled.X, upsampled.Prepare(context)), skips[level]];
                features = Pair(context, decoder[level], parts, IsKept);
            }
            else
            {
                Variable y = logits.Forward(context, [new ConvolutionPart(features.X, features.Prepare(context))]);
                if (!IsKept(features.X))
                    Tape.Release(features.X);
                return y;
            }

            if (taps?.Wants(Stages[stage]) ?? false)
            {
                Variable result = features.Activate(context);
                features = new Features(taps.Leave(Stages[stage], result, skips[..Math.Min(level, decoder.Length)]));
            }
        }

        throw new ArgumentException($"behind stage {Stages[^1].Name} there is nothing");

        bool IsKept(Variable variable) =>
            variable == input || earlierSkips.Any(skip => skip.X == variable) || (taps?.Holds(variable) ?? false);
    }

    /// <summary>
    /// The activated result of the encoder's level above, pooled; the result itself stays as its skip connection.
    /// </summary>
    private Variable Pool(ForwardContext context, Features features, int level, ConvolutionPart[] skips)
    {
        NormalizedInput? input = features.Prepare(context, hasOneReader: false);
        skips[level - 1] = new ConvolutionPart(features.X, input);
        Variable activated = input is null ? features.X : context.Tape.Normalize(input, features.X);
        Size3 pool = levels.Pools[level - 1];
        Variable x = context.Tape.MaxPool(new PoolingProblem(activated.Shape, pool, pool), activated);
        if (activated != features.X)
            Tape.Release(activated);
        return x;
    }

    /// <summary>A level's two convolutions; their inputs are freed unless they are kept.</summary>
    private static Features Pair(
        ForwardContext context,
        (ConvUnit First, ConvUnit Second) units,
        ConvolutionPart[] parts,
        Func<Variable, bool> isKept
    )
    {
        Features inner = units.First.Forward(context, parts);
        foreach (ConvolutionPart part in parts)
        {
            if (!isKept(part.X))
                Tape.Release(part.X);
        }

        Features outer = units.Second.Forward(context, [new ConvolutionPart(inner.X, inner.Prepare(context))]);
        Tape.Release(inner.X);
        return outer;
    }

    /// <summary>The result of a convolution that awaits its normalization and leaky ReLU.</summary>
    /// <param name="X">The result.</param>
    /// <param name="Norm">What it awaits; null where it is activated already.</param>
    /// <param name="Statistics">Of the result, if the convolution left them.</param>
    private readonly record struct Features(Variable X, ModalityNorm? Norm = null, OutputStatistics? Statistics = null)
    {
        /// <summary>The result with its activation applied.</summary>
        public Variable Activate(ForwardContext context) => Prepare(context) is { } input ? context.Tape.Normalize(input, X) : X;

        public NormalizedInput? Prepare(ForwardContext context, bool hasOneReader = true) =>
            Norm?.Prepare(context, X, DropoutMask.None, Statistics, hasOneReader);
    }

    /// <summary>A convolution that leaves the statistics of its result for the normalization behind it.</summary>
    private sealed record ConvUnit(Conv Conv, ModalityNorm Norm)
    {
        public Features Forward(ForwardContext context, ConvolutionPart[] parts)
        {
            OutputStatistics? statistics = Norm.RequestStatistics(context, Conv.OutputShape(parts[0].X.Shape), DropoutMask.None);
            return new Features(Conv.Forward(context, parts, statistics), Norm, statistics);
        }
    }

    private sealed record Upsampling(TransposedConv Conv, ModalityNorm Norm)
    {
        public Features Forward(ForwardContext context, Features features, Func<Variable, bool> isKept)
        {
            Variable activated = features.Activate(context);
            if (activated != features.X)
                Tape.Release(features.X);
            Variable y = Conv.Forward(context, activated);
            if (!isKept(activated))
                Tape.Release(activated);
            return new Features(y, Norm);
        }
    }
}
