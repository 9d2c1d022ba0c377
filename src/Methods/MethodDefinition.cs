using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods;

/// <summary>
/// A method that configurations name: its settings, their defaults, and how it is made. A new method is a folder with such a
/// class; nothing else lists it.
/// </summary>
public abstract class MethodDefinition
{
    /// <summary>All of this assembly, by name.</summary>
    public static IReadOnlyDictionary<string, MethodDefinition> All { get; } =
        new SortedDictionary<string, MethodDefinition>(
            typeof(MethodDefinition)
                .Assembly.GetTypes()
                .Where(type => type.IsSubclassOf(typeof(MethodDefinition)) && !type.IsAbstract)
                .Select(type => (MethodDefinition)Activator.CreateInstance(type)!)
                .ToDictionary(definition => definition.Name),
            StringComparer.Ordinal
        );

    private ConfigKeys? keys;

    /// <summary>As users write it: "kd-net".</summary>
    public abstract string Name { get; }

    /// <summary>One line for a person, with its source.</summary>
    public abstract string Summary { get; }

    /// <summary>All keys of its configurations: those of every method, and its own.</summary>
    public ConfigKeys Keys => keys ??= new ConfigKeys(typeof(TrainingConfig), NewSettings().GetType());

    /// <summary>What is trained in experiments, in the order of tables.</summary>
    public abstract IReadOnlyList<MethodVariant> Variants { get; }

    /// <summary>
    /// Its own settings, with defaults: a record whose groups stand beside those of <see cref="TrainingConfig"/>.
    /// </summary>
    public abstract object NewSettings();

    /// <summary>Networks that it trains; the first is that of a configuration that names none of them.</summary>
    public virtual IReadOnlyList<NetworkName> Networks { get; } = [NetworkName.Dilated2d, NetworkName.Unet3d];

    /// <summary>The defaults of all settings for one of its networks.</summary>
    public abstract TrainingConfig Defaults(NetworkName network, Compatibility compatibility);

    /// <summary>Checks what limits of single numbers cannot say.</summary>
    /// <param name="config">To be checked.</param>
    /// <param name="require">Takes whether a rule holds, the key that breaks it and the problem, such as "is 3, expected
    /// 4".</param>
    public virtual void CheckRules(TrainingConfig config, Action<bool, string, string> require) { }

    /// <summary>The network that is to predict.</summary>
    public abstract NetworkDescription NetworkOf(TrainingConfig config);

    /// <summary>What the samples of training hold: more than the model sees where others look at them, too.</summary>
    /// <param name="config">Of the run.</param>
    /// <param name="model">What the run trains.</param>
    /// <exception cref="InvalidDataException">Others see other samples than the model.</exception>
    public virtual ModelDescription SamplesFor(TrainingConfig config, ModelDescription model) => model;

    /// <summary>
    /// Fills in settings that follow from what stands beside the run when it begins, such as which weights a teacher has.
    /// </summary>
    /// <exception cref="InvalidDataException">It is not there, or is another than the settings say.</exception>
    public virtual TrainingConfig Resolve(TrainingConfig config) => config;

    /// <summary>What 'demo' shows; null where there is nothing to show on phantoms.</summary>
    public virtual Demonstration? Demonstration => null;

    /// <summary>
    /// More scores of a finished run of a demonstration, by name; pictures go to the run's folder. None of most methods.
    /// </summary>
    /// <param name="runPath">Its folder.</param>
    /// <param name="dataPath">Folder of the dataset that it was trained on.</param>
    /// <param name="backend">Computes.</param>
    public virtual IReadOnlyDictionary<string, double> Examine(string runPath, string dataPath, Backend backend) =>
        new Dictionary<string, double>();

    /// <summary>The method, ready to train.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="config">Its settings.</param>
    /// <param name="model">Modalities, classes, samples and network.</param>
    public abstract VolumeMethod Create(Backend backend, TrainingConfig config, ModelDescription model);
}
