using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Networks;

/// <summary>A kind of classifier: how its stages are made. A new network is one such class.</summary>
public abstract class ClassifierDefinition
{
    /// <summary>Those that configurations know by name.</summary>
    public static IReadOnlyDictionary<ClassifierName, ClassifierDefinition> All { get; } =
        new Dictionary<ClassifierName, ClassifierDefinition>
        {
            [ClassifierName.Resnet] = new ResNetDefinition(),
            [ClassifierName.Vgg] = new VggDefinition(),
            [ClassifierName.Densenet] = new DenseNetDefinition(),
        };

    /// <summary>The one that a configuration names.</summary>
    public static ClassifierDefinition Of(ClassifierConfig settings) =>
        All.TryGetValue(settings.Name, out ClassifierDefinition? definition)
            ? definition
            : throw new ArgumentOutOfRangeException(nameof(settings), settings.Name, "no such network");

    /// <summary>Why settings make no such network, as a line that begins with the key, such as "depth is 9; ..."; null where they make
    /// one.</summary>
    public abstract string? Problem(ClassifierConfig settings);

    /// <summary>The network with initial weights.</summary>
    /// <param name="store">Receives the parameters.</param>
    /// <param name="inputChannels">Channels of an image.</param>
    /// <param name="classes">At least 2.</param>
    /// <param name="settings">Of this kind of network.</param>
    /// <exception cref="UsageException">The settings make no network.</exception>
    public Classifier Build(ParameterStore store, int inputChannels, int classes, ClassifierConfig settings)
    {
        if (Problem(settings) is { } problem)
            throw new UsageException($"network.{problem}");
        if (inputChannels < 1 || classes < 2)
            throw new ArgumentException(
                $"a classifier needs at least 1 input channel and 2 classes, not {inputChannels} and {classes}"
            );
        var stages = new StageSequence();
        var make = new LayerFactory(store);
        if (settings.Side > 0)
            stages.Add("resize", inputChannels, make.Resize(settings.Side));
        (NetworkStage map, NetworkStage vector) = AddStages(stages, make, inputChannels, classes, settings);
        return new Classifier(store, inputChannels, classes, stages, map, vector);
    }

    /// <summary>Adds all stages, from images to logits.</summary>
    /// <returns>The stage of the last features that have a height and width, and the one whose vectors the last layer
    /// reads.</returns>
    private protected abstract (NetworkStage Map, NetworkStage Vector) AddStages(
        StageSequence stages,
        LayerFactory make,
        int inputChannels,
        int classes,
        ClassifierConfig settings
    );
}
