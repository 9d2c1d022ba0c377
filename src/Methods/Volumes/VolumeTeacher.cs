using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>
/// A trained network that segments the student's samples, or looks at some of their channels. It runs with its running
/// statistics; no gradient reaches its parameters, and it never changes.
/// </summary>
internal sealed class VolumeTeacher : IDisposable
{
    private readonly TrainedModel model;
    private readonly IReadOnlyList<Range> channels;

    /// <param name="name">Of its module.</param>
    /// <param name="model">Of a finished run; disposed of with the teacher.</param>
    /// <param name="channels">Of the images, those that it looks at.</param>
    private VolumeTeacher(string name, TrainedModel model, IReadOnlyList<Range> channels)
    {
        (this.model, this.channels) = (model, channels);
        Module = new TrainingModule(name, model.Network.Parameters, IsFrozen: true);
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
        RequireLike(student, teacher, key, folder);
        return Missing(student, teacher) is { } missing
            ? throw Refuse(key, folder, $"it does not see {missing}, the student otherwise")
            : teacher;
    }

    /// <summary>Opens the best weights of a run that sees what the student sees, and maybe more.</summary>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="student">What the student sees and tells apart.</param>
    /// <exception cref="InvalidDataException">As <see cref="Describe"/>.</exception>
    public static VolumeTeacher Open(string key, string folder, Backend backend, ModelDescription student) =>
        new("teacher", TrainedModel.Open(folder, Describe(key, folder, student), backend), [Range.All]);

    /// <summary>Opens the best weights of a run that sees the student's channels, or some of them.</summary>
    /// <param name="name">Of its module.</param>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="student">What the student sees and tells apart: the samples are its own.</param>
    /// <exception cref="InvalidDataException">It is no run, or has other samples, classes, modalities or channels.</exception>
    public static VolumeTeacher OpenOnChannels(string name, string key, string folder, Backend backend, ModelDescription student)
    {
        var teacher = ModelDescription.Read(folder);
        RequireLike(student, teacher, key, folder);
        return Missing(teacher, student) is { } missing
            ? throw Refuse(key, folder, $"it sees {missing}, the student otherwise")
            : new VolumeTeacher(name, TrainedModel.Open(folder, teacher, backend), Places(teacher, student));
    }

    /// <summary>Where the student's volumes are among the channels of the teacher's samples.</summary>
    public IReadOnlyList<Range> PlacesOf(ModelDescription student) => Places(student, Description);

    /// <summary>Logits, constants for the student.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="images">With the channels of the samples that it was opened for.</param>
    /// <param name="groups">Modality of each sample.</param>
    /// <param name="taps">Stages whose results are to be left.</param>
    public Variable Look(Backend backend, Variable images, ModalityIndex groups, FeatureTaps? taps = null)
    {
        var tape = new Tape(backend, recording: false);
        return Network.Forward(new ForwardContext(tape, groups), Seen(tape, images, channels), taps);
    }

    /// <summary>
    /// Logits from the result of a stage on, or from others in its place: gradients reach these, not the teacher's parameters.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="groups">Modality of each sample.</param>
    /// <param name="output">Of one of the network's stages.</param>
    public Variable GoOn(Tape tape, ModalityIndex groups, StageOutput output) =>
        Network.ForwardFrom(new ForwardContext(tape, groups), output);

    public void Dispose() => model.Dispose();

    /// <summary>Some of the channels of images.</summary>
    private static Variable Seen(Tape tape, Variable images, IReadOnlyList<Range> channels)
    {
        Variable[] parts =
        [
            .. channels.Select(range =>
            {
                (int start, int count) = range.GetOffsetAndLength(images.Shape[^1]);
                return count == images.Shape[^1] ? images : tape.Slice(images, ^1, start, count);
            }),
        ];
        return parts.Length == 1 ? parts[0] : tape.Concat(^1, parts);
    }

    /// <summary>Where the volumes of a model are among the channels of the samples of another.</summary>
    private static IReadOnlyList<Range> Places(ModelDescription model, ModelDescription samples)
    {
        int slices = samples.Preprocessing.Shape.Slices;
        int[] places = [.. Enumerable.Range(0, model.Volumes).Select(volume => PlaceOf(model, volume, samples))];
        return places.SequenceEqual(Enumerable.Range(0, samples.Volumes))
            ? [Range.All]
            : [.. places.Select(place => (place * slices)..((place + 1) * slices))];
    }

    /// <exception cref="InvalidDataException">A teacher prepares samples, or tells apart, otherwise than the student.</exception>
    private static void RequireLike(ModelDescription student, ModelDescription teacher, string key, string folder)
    {
        if (
            (teacher.Size, teacher.Slices, teacher.Depth, teacher.Spacing)
            != (student.Size, student.Slices, student.Depth, student.Spacing)
        )
            throw Other($"its samples are {teacher.Preprocessing.Shape} at spacing {teacher.Spacing}");
        if (!teacher.Classes.SequenceEqual(student.Classes))
            throw Other($"it knows the classes {string.Join(", ", teacher.Classes)}");
        if (!teacher.Modalities.SequenceEqual(student.Modalities))
            throw Other($"it knows the modalities {string.Join(", ", teacher.Modalities)}");
        for (int volume = 0; volume < student.Volumes; volume++)
        {
            int place = PlaceOf(student, volume, teacher);
            for (int m = 0; m < student.Modalities.Count && place >= 0; m++)
            {
                string ofTeacher = teacher.Normalizations[(m * teacher.Volumes) + place];
                if (ofTeacher != student.Normalizations[(m * student.Volumes) + volume])
                    throw Other($"it normalizes {student.Channels?[volume].Name ?? "images"} by {ofTeacher}");
            }
        }

        InvalidDataException Other(string difference) => Refuse(key, folder, $"{difference}, the student otherwise");
    }

    private static InvalidDataException Refuse(string key, string folder, string difference) =>
        new($"{key}: '{folder}' is no teacher for this student: {difference}");

    /// <summary>The first of a model's channels that the samples of another do not hold; null where they hold all.</summary>
    private static string? Missing(ModelDescription model, ModelDescription samples) =>
        Enumerable
            .Range(0, model.Volumes)
            .Where(volume => PlaceOf(model, volume, samples) < 0)
            .Select(volume => model.Channels is { } channels ? $"channel {channels[volume].Name}" : "single images")
            .FirstOrDefault();

    private static int PlaceOf(ModelDescription model, int volume, ModelDescription samples) =>
        model.Channels is null || samples.Channels is null
            ? (samples.Channels is null ? 0 : -1)
            : samples.Channels.ToList().FindIndex(channel => channel.Name == model.Channels[volume].Name);
}
