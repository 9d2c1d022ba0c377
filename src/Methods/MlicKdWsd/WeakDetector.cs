using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>
/// WSDDN: a classifier of regions beside a second last layer, which compares the regions of an image. Bilen and Vedaldi 2016,
/// arXiv:1511.02853.
/// </summary>
internal sealed class WeakDetector
{
    /// <summary>Name of the second last layer's module in checkpoints.</summary>
    public const string HeadName = "detection";

    /// <summary>Far below any score: its exponential is zero.</summary>
    private const double Never = -1e9;

    private readonly Linear head;
    private readonly int grid;

    /// <param name="model">What it sees and tells apart; a vgg with hidden layers.</param>
    /// <param name="device">Where its parameters lie.</param>
    /// <param name="seed">Of their first values.</param>
    /// <param name="type">float32 or float64.</param>
    public WeakDetector(ClassifierDescription model, Device device, ulong seed = 0, DType type = DType.Float32)
        : this(model, model.BuildNetwork(device, seed, type), seed) { }

    /// <summary>With a classifier of regions.</summary>
    public WeakDetector(ClassifierDescription model, Classifier network, ulong seed)
    {
        (Network, grid) = (network, model.Network.Grid);
        Head = new ParameterStore(network.Parameters.Device, network.Parameters.DType, seed);
        int units = network.Vector.Channels;
        head = new Linear(Head, "fc8_d", units, network.Classes, Initializer.Normal(Math.Sqrt(1.0 / units)));
    }

    /// <summary>Of regions to scores by class; its logits are the first last layer, fc8_c.</summary>
    public Classifier Network { get; }

    /// <summary>The second last layer, fc8_d.</summary>
    public ParameterStore Head { get; }

    /// <summary>What checkpoints hold of it.</summary>
    /// <param name="prefix">Of the modules' names; empty where it is what a run trains.</param>
    /// <param name="isFrozen">Whether it was trained before.</param>
    public IReadOnlyList<TrainingModule> Modules(string prefix = "", bool isFrozen = false) =>
        [new(prefix, Network.Parameters, isFrozen), new($"{prefix}{HeadName}", Head, isFrozen)];

    /// <summary>Features of regions, fc7: (images * regions, units).</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="images">(images, 1, height, width, channels).</param>
    /// <param name="regions">Of these.</param>
    public Variable Vectors(ForwardContext pass, Variable images, RegionBatch regions) =>
        regions.Vectors(pass, pass, Network, grid, images);

    /// <summary>
    /// How much of each class is in each region: softmax over classes of fc8_c, times softmax over the image's regions of fc8_d,
    /// (images, regions, classes). Zero for what only fills up.
    /// </summary>
    /// <param name="pass">The pass.</param>
    /// <param name="vectors">Of the regions.</param>
    /// <param name="regions">These.</param>
    /// <param name="temperature">That both scores are divided by.</param>
    public Variable Scores(ForwardContext pass, Variable vectors, RegionBatch regions, double temperature = 1)
    {
        Tape tape = pass.Tape;
        Variable classes = Sharpened(Network.ForwardFrom(pass, new StageOutput(Network.Vector, vectors))),
            places = Sharpened(head.Forward(pass, vectors));
        var shape = new Shape(regions.Mask.Shape[0], regions.OfImage, Network.Classes);
        Variable absent = tape.Broadcast(tape.Scale(tape.Input(regions.Mask), -Never, Never), shape, 2, 1);
        return tape.Multiply(
            tape.Softmax(tape.Reshape(classes, shape)),
            tape.Softmax(tape.Add(tape.Reshape(places, shape), absent), axis: 1)
        );

        Variable Sharpened(Variable scores) => temperature == 1 ? scores : tape.Scale(scores, 1 / temperature);
    }

    /// <summary>
    /// Probabilities of the classes of whole images, (images, classes): the sum over regions of <see cref="Scores"/>.
    /// </summary>
    public Variable ImageScores(ForwardContext pass, Variable vectors, RegionBatch regions, double temperature = 1) =>
        pass.Tape.Sum(Scores(pass, vectors, regions, temperature), 1, 1);
}
