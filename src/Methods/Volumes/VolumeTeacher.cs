using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>A trained segmentation network that looks at the student's samples, or at some of their channels.</summary>
/// <param name="name">Of its module.</param>
/// <param name="model">Of a finished run; disposed of with the teacher.</param>
/// <param name="view">What it sees of the samples.</param>
internal sealed class VolumeTeacher(string name, TrainedModel model, ChannelView view) : Teacher(name, model.Network, model)
{
    public ISegmentationNetwork Network => model.Network;

    /// <summary>Opens the best weights of a run that sees the student's channels or some of them.</summary>
    /// <param name="name">Of its module.</param>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="student">What the student sees and tells apart.</param>
    /// <exception cref="InvalidDataException">It is no run on volumes, or sees something else.</exception>
    public static VolumeTeacher Open(string name, string key, string folder, Backend backend, ModelDescription student)
    {
        ModelDescription model = Describe(key, folder, student);
        var view = ChannelView.Of(
            model,
            student,
            missing => Refuse(key, folder, $"it sees channel {missing}, but the student does not")
        );
        return new VolumeTeacher(name, TrainedModel.Open(folder, model, backend), view);
    }

    /// <summary>The description of a teacher, which must prepare and tell apart what the student does.</summary>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="student">What the student sees and tells apart.</param>
    /// <exception cref="InvalidDataException">It is no run on volumes, or does otherwise.</exception>
    public static ModelDescription Describe(string key, string folder, ModelDescription student)
    {
        var teacher = ModelDescription.Read(folder);
        if (
            (teacher.Size, teacher.Slices, teacher.Depth, teacher.Spacing)
            != (student.Size, student.Slices, student.Depth, student.Spacing)
        )
            throw Refuse(
                key,
                folder,
                $"its samples are {teacher.Preprocessing.Shape} at spacing {teacher.Spacing}, the student's "
                    + $"{student.Preprocessing.Shape} at {student.Spacing}"
            );
        if (!teacher.Classes.SequenceEqual(student.Classes))
            throw Refuse(
                key,
                folder,
                $"it knows the classes {string.Join(", ", teacher.Classes)}, the student {string.Join(", ", student.Classes)}"
            );
        if (!teacher.Modalities.SequenceEqual(student.Modalities))
            throw Refuse(
                key,
                folder,
                $"it knows the modalities {string.Join(", ", teacher.Modalities)}, the student "
                    + string.Join(", ", student.Modalities)
            );
        foreach ((int volume, int place) in SeenByBoth(student, teacher))
        {
            for (int m = 0; m < student.Modalities.Count; m++)
            {
                string ofTeacher = teacher.Normalizations[(m * teacher.Volumes) + place],
                    ofStudent = student.Normalizations[(m * student.Volumes) + volume];
                if (ofTeacher != ofStudent)
                    throw Refuse(
                        key,
                        folder,
                        $"it normalizes {student.Channels?[volume].Name ?? "images"} by {ofTeacher}, the student by {ofStudent}"
                    );
            }
        }

        return teacher;
    }

    /// <summary>The error of a teacher that a student cannot learn from.</summary>
    public static InvalidDataException Refuse(string key, string folder, string difference) =>
        new($"{key}: '{folder}' is no teacher for this student: {difference}");

    protected override Variable Seen(Tape tape, Variable samples) => view.See(tape, samples);

    private static IEnumerable<(int OfStudent, int OfTeacher)> SeenByBoth(ModelDescription student, ModelDescription teacher) =>
        Enumerable
            .Range(0, student.Volumes)
            .Select(volume => (OfStudent: volume, OfTeacher: ChannelView.PlaceOf(student, volume, teacher)))
            .Where(places => places.OfTeacher >= 0);
}
