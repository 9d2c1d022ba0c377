using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// A network whose read-out is made for each sample and class: a controller turns what the network makes of the whole image and
/// a vector of the sample's modality and the class into the kernels and biases of three 1x1x1 convolutions, 8 to 8 to 8 to 1
/// channels with ReLU between, whose result is the logit of the class. MulModSeg: Li et al. 2024, arXiv:2411.15576, after Liu et
/// al. 2023, arXiv:2301.00785 (CLIP-driven universal model).
/// </summary>
/// <remarks>
/// Theirs: the concatenation of pooled features and vector, a controller of one layer, the sizes of the read-out. Ours: vectors
/// are learnt, where theirs are a frozen language model's of "A CT imaging of a liver"; each is the sum of one of the class and
/// one of modality and class, which starts at zero, so that modalities begin with one read-out, as texts that differ in a word
/// are alike. Pooled features are brought to a mean square of 1. The network's own read-out makes the 8 channels.
/// </remarks>
internal sealed class ConditionedReadout : ISegmentationNetwork
{
    /// <summary>Channels that the network inside leaves for it.</summary>
    public const int Width = 8;

    private const int VectorLength = 32;

    /// <summary>Pooled features much shorter are noise, which is not to be made longer.</summary>
    private const double ShortestLength = 1e-3;

    /// <summary>Kernel and bias of each layer, one after the other.</summary>
    private static readonly (int Inputs, int Outputs)[] Layers = [(Width, Width), (Width, Width), (Width, 1)];

    private static readonly int ParametersPerClass = Layers.Sum(layer => (layer.Inputs + 1) * layer.Outputs);

    private readonly ISegmentationNetwork network;
    private readonly Parameter ofClass;
    private readonly Parameter[] ofModality;
    private readonly Linear fromPooled,
        fromVector;

    /// <param name="network">Makes <see cref="Width"/> channels; its store gets the parameters.</param>
    /// <param name="modalities">How many there are.</param>
    /// <param name="classes">Of the logits.</param>
    public ConditionedReadout(ISegmentationNetwork network, int modalities, int classes)
    {
        (this.network, Classes) = (network, classes);
        ParameterStore store = network.Parameters;
        int pooled = network.Bottleneck.Channels;

        // One layer on both side by side, in two parts.
        Initializer initializer = Initializer.UniformLike(pooled + VectorLength);
        fromPooled = new Linear(store, "readout.pooled", pooled, ParametersPerClass, initializer, hasBias: false);
        fromVector = new Linear(store, "readout.vector", VectorLength, ParametersPerClass, initializer);
        var table = new Shape(classes, VectorLength);
        ofClass = store.Create("readout.classes", table, ParameterKind.Affine, Initializer.Normal(1));
        ofModality =
        [
            .. Enumerable
                .Range(0, modalities)
                .Select(m => store.Create($"readout.m{m}.classes", table, ParameterKind.Affine, Initializer.Zeros)),
        ];
        Stages = [.. network.Stages.SkipLast(1), new NetworkStage("readout", network.Stages.Count - 1, classes)];
    }

    public ParameterStore Parameters => network.Parameters;

    public int InputChannels => network.InputChannels;

    public int Classes { get; }

    public Size3 Multiple => network.Multiple;

    /// <summary>Those of the network inside; "readout" has its read-out, too.</summary>
    public IReadOnlyList<NetworkStage> Stages { get; }

    public NetworkStage Bottleneck => network.Bottleneck;

    public IReadOnlyList<CoarseStage> CoarseStages => network.CoarseStages;

    public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null)
    {
        bool isWanted = taps?.Wants(Bottleneck) ?? false;
        var own = new FeatureTaps([Bottleneck, .. Stages.Where(stage => stage != Bottleneck && (taps?.Wants(stage) ?? false))])
        {
            Change = (stage, features) => taps?.Wants(stage) ?? false ? taps.Leave(stage, features, []) : features,
        };
        Variable channels = network.Forward(context, images, own),
            bottleneck = own[Bottleneck].Features;
        Variable readout = ReadoutsOf(context, context.Tape.Convert(bottleneck, Parameters.DType));
        if (!isWanted)
            Tape.Release(bottleneck);
        Variable logits = Apply(context.Tape, channels, readout);
        Tape.Release(channels);
        return logits;
    }

    /// <summary>(samples times classes, parameters): what the controller makes for each.</summary>
    private Variable ReadoutsOf(ForwardContext context, Variable bottleneck)
    {
        Tape tape = context.Tape;
        int samples = bottleneck.Shape[0];
        var shape = new Shape(samples, Classes, ParametersPerClass);
        Variable pooled = tape.Scale(
            tape.L2Normalize(tape.Mean(bottleneck, 1, 3), epsilon: ShortestLength),
            Math.Sqrt(bottleneck.Shape[^1])
        );
        Variable[] ofVectors =
        [
            .. context
                .RequireModality("the read-out")
                .Runs()
                .Select(run =>
                {
                    Variable vectors = tape.Add(ofClass.Variable, ofModality[run.Modality].Variable);
                    return tape.Broadcast(fromVector.Forward(context, vectors), shape.With(0, run.Count), 0, 1);
                }),
        ];
        Variable ofImages = tape.Broadcast(fromPooled.Forward(context, pooled), shape, 1, 1);
        Variable sum = tape.Add(ofImages, ofVectors.Length == 1 ? ofVectors[0] : tape.Concat(0, ofVectors));
        return tape.Reshape(sum, new Shape(samples * Classes, ParametersPerClass));
    }

    /// <summary>Logits (N, D, H, W, classes) of channels (N, D, H, W, 8).</summary>
    private Variable Apply(Tape tape, Variable channels, Variable readouts)
    {
        int samples = channels.Shape[0],
            positions = checked((int)(channels.Shape.Count / samples / Width)),
            readers = samples * Classes;
        Variable forClasses = tape.Broadcast(
                tape.Reshape(channels, new Shape(samples, positions, Width)),
                new Shape(samples, Classes, positions, Width),
                1,
                1
            ),
            x = tape.Reshape(forClasses, new Shape(readers, positions, Width));
        Tape.Release(forClasses);
        int first = 0;
        foreach ((int layer, (int inputs, int outputs)) in Layers.Index())
        {
            Variable kernels = tape.Reshape(
                    tape.Slice(readouts, 1, first, inputs * outputs),
                    new Shape(readers, inputs, outputs)
                ),
                biases = tape.Slice(readouts, 1, first + (inputs * outputs), outputs),
                product = tape.BatchedMatMul(x, kernels),
                everywhere = tape.Broadcast(biases, product.Shape, 1, 1),
                sum = tape.Add(product, everywhere),
                y = layer < Layers.Length - 1 ? tape.Relu(sum) : sum;
            foreach (Variable used in new[] { x, product, everywhere, sum }.Where(used => used != y))
                Tape.Release(used);
            x = y;
            first += (inputs + 1) * outputs;
        }

        Variable byClass = tape.Reshape(x, new Shape(samples, Classes, positions));
        Variable[] ofClasses =
        [
            .. Enumerable
                .Range(0, Classes)
                .Select(c => tape.Reshape(tape.Slice(byClass, 1, c, 1), new Shape(samples, positions, 1))),
        ];
        return tape.Reshape(tape.Concat(^1, ofClasses), channels.Shape.With(^1, Classes));
    }
}
