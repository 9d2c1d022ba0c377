using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Classification.Networks;

/// <summary>
/// A network from images (N, 1, H, W, channels) to logits (N, classes), of any height and width that its poolings leave something
/// of. <see cref="ClassifierDefinition"/> makes it. Sigmoids of the logits are probabilities where an image has several labels.
/// </summary>
public sealed class Classifier : IStagedNetwork
{
    private readonly StageSequence stages;

    internal Classifier(
        ParameterStore parameters,
        int inputChannels,
        int classes,
        StageSequence stages,
        NetworkStage map,
        NetworkStage vector
    )
    {
        this.stages = stages;
        (Parameters, InputChannels, Classes, Map, Vector) = (parameters, inputChannels, classes, map, vector);
    }

    /// <inheritdoc/>
    public ParameterStore Parameters { get; }

    /// <inheritdoc/>
    public int InputChannels { get; }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <summary>
    /// "resize" for some settings, "conv1", the groups of convolutions, "pool", for some networks hidden layers, and "logits".
    /// Results up to the groups' are (N, 1, height, width, channels), those behind <see cref="Map"/> (N, channels) but for a
    /// pooled grid.
    /// </summary>
    public IReadOnlyList<NetworkStage> Stages => stages.Stages;

    /// <summary>The last group: (N, 1, height, width, channels), what regions of an image are pooled from.</summary>
    public NetworkStage Map { get; }

    /// <summary>The stage before the logits: (N, channels), what the network makes of a whole image.</summary>
    public NetworkStage Vector { get; }

    /// <summary>The stage of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message lists those that are there.</exception>
    public NetworkStage this[string name] =>
        Stages.FirstOrDefault(stage => stage.Name == name)
        ?? throw new KeyNotFoundException(
            $"the network has no stage '{name}'; it has {string.Join(", ", Stages.Select(stage => stage.Name))}"
        );

    /// <exception cref="ArgumentException">The images don't have the network's channels.</exception>
    public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null) =>
        stages.Run(context, Checked(images), taps: taps);

    /// <summary>The result of a stage; nothing behind it is computed.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="images">(N, 1, H, W, input channels).</param>
    /// <param name="last">Of <see cref="Stages"/>.</param>
    /// <param name="taps">Earlier stages whose results are to be left.</param>
    /// <exception cref="ArgumentException">The images don't have the network's channels.</exception>
    public Variable ForwardTo(ForwardContext context, Variable images, NetworkStage last, FeatureTaps? taps = null) =>
        stages.Run(context, Checked(images), taps: taps, last: last);

    /// <inheritdoc/>
    public Variable ForwardFrom(ForwardContext context, StageOutput output) => ForwardFrom(context, output, taps: null);

    /// <summary>Logits from the result of a stage on, with taps of the stages behind it.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="output">What a stage left, or features of other samples and regions in its place.</param>
    /// <param name="taps">Stages whose results are to be left.</param>
    /// <param name="last">The last stage that runs; "logits" if not given.</param>
    public Variable ForwardFrom(ForwardContext context, StageOutput output, FeatureTaps? taps, NetworkStage? last = null) =>
        stages.Run(context, output.Features, output.Stage.Index + 1, taps, last);

    private Variable Checked(Variable images) =>
        images.Shape.Rank == 5 && images.Shape[1] == 1 && images.Shape[4] == InputChannels
            ? images
            : throw new ArgumentException($"images {images.Shape} must be (batch, 1, height, width, {InputChannels})");
}
