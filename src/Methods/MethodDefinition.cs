using System.Collections.Concurrent;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
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

    private readonly ConcurrentDictionary<TrainingTask, ConfigKeys> keys = [];

    /// <summary>As users write it: "kd-net".</summary>
    public abstract string Name { get; }

    /// <summary>One line for a person, with its source.</summary>
    public abstract string Summary { get; }

    /// <summary>What it can be trained for; the first unless configurations say otherwise.</summary>
    public virtual IReadOnlyList<TrainingTask> Tasks { get; } = [TrainingTask.Volumes];

    /// <summary>All keys of its configurations for a task: those of every method, and its own.</summary>
    public ConfigKeys KeysFor(TrainingTask task) =>
        keys.GetOrAdd(
            task,
            _ =>
            {
                Type own = NewSettings().GetType();
                HashSet<string> names = [.. new ConfigKeys(own).All.Select(key => key.Name)];
                return new ConfigKeys(name => names.Contains(name) || TaskKeys.Belongs(name, task), typeof(TrainingConfig), own);
            }
        );

    /// <summary>What is trained in experiments, in the order of tables.</summary>
    public abstract IReadOnlyList<MethodVariant> Variants { get; }

    /// <summary>Those that an experiment on a task compares unless it is told which.</summary>
    public IReadOnlyList<MethodVariant> VariantsFor(TrainingTask task) =>
        [.. Variants.Where(variant => variant.Task is null || variant.Task == task)];

    /// <summary>
    /// Its own settings, with defaults: a record whose groups stand beside those of <see cref="TrainingConfig"/>.
    /// </summary>
    public abstract object NewSettings();

    /// <summary>Networks that it trains; the first is that of a configuration that names none of them.</summary>
    public virtual IReadOnlyList<NetworkName> Networks { get; } = [NetworkName.Dilated2d, NetworkName.Unet3d];

    /// <summary>The defaults of all settings on volumes, for a network.</summary>
    public virtual TrainingConfig Defaults(NetworkName network, Compatibility compatibility) =>
        throw TakesNone(TrainingTask.Volumes);

    /// <summary>The defaults of all settings on images.</summary>
    public virtual TrainingConfig ImageDefaults(Compatibility compatibility) => throw TakesNone(TrainingTask.Images);

    /// <summary>Checks what limits of single numbers cannot say.</summary>
    /// <param name="config">To be checked.</param>
    /// <param name="require">Takes whether a rule holds, the key that breaks it and the problem, such as "is 3, expected
    /// 4".</param>
    public virtual void CheckRules(TrainingConfig config, Action<bool, string, string> require) { }

    /// <summary>The network that is to segment volumes.</summary>
    public virtual NetworkDescription NetworkOf(TrainingConfig config) => throw TakesNone(TrainingTask.Volumes);

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

    /// <summary>The method, ready to train on volumes.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="config">Its settings.</param>
    /// <param name="model">Modalities, classes, samples and network.</param>
    public virtual VolumeMethod Create(Backend backend, TrainingConfig config, ModelDescription model) =>
        throw TakesNone(TrainingTask.Volumes);

    /// <summary>The method, ready to train on images.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="config">Its settings.</param>
    /// <param name="model">Classes, sizes, intensities and network.</param>
    public virtual ImageMethod Create(Backend backend, TrainingConfig config, ClassifierDescription model) =>
        throw TakesNone(TrainingTask.Images);

    private InvalidOperationException TakesNone(TrainingTask task) => new($"the method {Name} takes no {task}");
}
