using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>
/// A trained network that segments the student's samples. It runs with its running statistics; no gradient reaches its
/// parameters, and it never changes.
/// </summary>
internal sealed class VolumeTeacher : IDisposable
{
    private readonly TrainedModel model;

    private VolumeTeacher(TrainedModel model)
    {
        this.model = model;
        Module = new TrainingModule("teacher", model.Network.Parameters, IsFrozen: true);
        foreach (Parameter parameter in model.Network.Parameters.All)
            parameter.Variable.RequiresGradient = false;
    }

    public TrainingModule Module { get; }

    public ISegmentationNetwork Network => model.Network;

    /// <summary>What it sees and tells apart.</summary>
    public ModelDescription Description => model.Description;

    /// <summary>What the teacher in a run sees, which must hold what the student sees.</summary>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="student">What the student sees and tells apart.</param>
    /// <exception cref="InvalidDataException">It is no run, or has other samples, classes or modalities.</exception>
    public static ModelDescription Describe(string key, string folder, ModelDescription student)
    {
        var teacher = ModelDescription.Read(folder);
        if (
            (teacher.Size, teacher.Slices, teacher.Depth, teacher.Spacing)
            != (student.Size, student.Slices, student.Depth, student.Spacing)
        )
            throw Refuse($"its samples are {teacher.Preprocessing.Shape} at spacing {teacher.Spacing}");
        if (!teacher.Classes.SequenceEqual(student.Classes))
            throw Refuse($"it knows the classes {string.Join(", ", teacher.Classes)}");
        if (!teacher.Modalities.SequenceEqual(student.Modalities))
            throw Refuse($"it knows the modalities {string.Join(", ", teacher.Modalities)}");
        int[] places = [.. Enumerable.Range(0, student.Volumes).Select(volume => PlaceOf(student, volume, teacher))];
        if (Array.IndexOf(places, -1) is >= 0 and var missing)
            throw Refuse($"it does not see channel {student.Channels?[missing].Name}");
        for (int m = 0; m < student.Modalities.Count; m++)
        {
            for (int volume = 0; volume < places.Length; volume++)
            {
                string ofTeacher = teacher.Normalizations[(m * teacher.Volumes) + places[volume]];
                if (ofTeacher != student.Normalizations[(m * student.Volumes) + volume])
                    throw Refuse($"it normalizes {student.Channels?[volume].Name ?? "images"} by {ofTeacher}");
            }
        }

        return teacher;

        InvalidDataException Refuse(string difference) =>
            new($"{key}: '{folder}' is no teacher for this student: {difference}, the student otherwise");
    }

    /// <summary>Opens the best weights of a run.</summary>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="student">What the student sees and tells apart.</param>
    /// <exception cref="InvalidDataException">As <see cref="Describe"/>.</exception>
    public static VolumeTeacher Open(string key, string folder, Backend backend, ModelDescription student) =>
        new(TrainedModel.Open(folder, Describe(key, folder, student), backend));

    /// <summary>Where the student's volumes are among the channels of the teacher's samples.</summary>
    public IReadOnlyList<Range> PlacesOf(ModelDescription student)
    {
        int slices = Description.Preprocessing.Shape.Slices;
        int[] places = [.. Enumerable.Range(0, student.Volumes).Select(volume => PlaceOf(student, volume, Description))];
        return places.SequenceEqual(Enumerable.Range(0, Description.Volumes))
            ? [Range.All]
            : [.. places.Select(place => (place * slices)..((place + 1) * slices))];
    }

    /// <summary>Logits, constants for the student.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="images">With the channels of the teacher.</param>
    /// <param name="groups">Modality of each sample.</param>
    /// <param name="taps">Stages whose results are to be left.</param>
    public Variable Look(Backend backend, Variable images, ModalityIndex groups, FeatureTaps? taps = null) =>
        Network.Forward(new ForwardContext(new Tape(backend, recording: false), groups), images, taps);

    /// <summary>
    /// Logits from the result of a stage on, or from others in its place: gradients reach these, not the teacher's parameters.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="groups">Modality of each sample.</param>
    /// <param name="output">Of one of the network's stages.</param>
    public Variable GoOn(Tape tape, ModalityIndex groups, StageOutput output) =>
        Network.ForwardFrom(new ForwardContext(tape, groups), output);

    public void Dispose() => model.Dispose();

    private static int PlaceOf(ModelDescription student, int volume, ModelDescription teacher) =>
        student.Channels is null || teacher.Channels is null
            ? (teacher.Channels is null ? 0 : -1)
            : teacher.Channels.ToList().FindIndex(channel => channel.Name == student.Channels[volume].Name);
}
