using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>
/// Multi-group hints: each teacher supervises one group of the student's layers, the first teacher the first group. Features of
/// the student are brought to length one over channels, then to the teacher's channels by a 1x1 convolution.
/// </summary>
internal sealed class GroupHints
{
    /// <summary>Name of the module in checkpoints.</summary>
    public const string Name = "hints";

    private readonly (NetworkStage OfStudent, NetworkStage OfTeacher, Conv Adaptor)[] groups;

    /// <param name="device">Where the adaptors lie.</param>
    /// <param name="student">Learns.</param>
    /// <param name="teachers">At most as many as the student has groups count.</param>
    /// <param name="everywhereSecond">All teachers at the second group, as the published code has it.</param>
    /// <param name="seed">Of the adaptors' first values.</param>
    /// <exception cref="InvalidDataException">A teacher has no such group.</exception>
    public GroupHints(Device device, Classifier student, IReadOnlyList<ImageTeacher> teachers, bool everywhereSecond, ulong seed)
    {
        Parameters = new ParameterStore(device, DType.Float32, seed);
        NetworkStage[] own = [.. GroupsOf(student)];
        groups =
        [
            .. teachers
                .Take(own.Length)
                .Select(
                    (teacher, t) =>
                    {
                        int group = everywhereSecond ? Math.Min(1, own.Length - 1) : t;
                        NetworkStage[] theirs = [.. GroupsOf(teacher.Network)];
                        NetworkStage stage =
                            theirs.FirstOrDefault(other => other.Name == own[group].Name)
                            ?? throw new InvalidDataException(
                                $"amtml.teachers.{teacher.Module.Name}: its network has no {own[group].Name}; set amtml.hint=0"
                            );
                        return (own[group], stage, Adaptor(teacher.Module.Name, own[group], stage));
                    }
                ),
        ];
    }

    public ParameterStore Parameters { get; }

    /// <summary>What the student must leave.</summary>
    public IReadOnlyList<NetworkStage> OfStudent => [.. groups.Select(group => group.OfStudent).Distinct()];

    /// <summary>What a teacher must leave; null where it gives no hint.</summary>
    public NetworkStage? OfTeacher(int teacher) => teacher < groups.Length ? groups[teacher].OfTeacher : null;

    /// <summary>The sum of the teachers' hints: a scalar.</summary>
    /// <param name="context">The student's pass.</param>
    /// <param name="student">Its taps.</param>
    /// <param name="teachers">Of each teacher, what it left.</param>
    /// <exception cref="InvalidDataException">Features of student and teacher have other sizes.</exception>
    public Variable Loss(ForwardContext context, FeatureTaps student, IReadOnlyList<Variable?> teachers) =>
        groups
            .Select(
                (group, t) =>
                {
                    Variable features = student[group.OfStudent].Features,
                        theirs = teachers[t]!;
                    if (features.Shape[2] != theirs.Shape[2] || features.Shape[3] != theirs.Shape[3])
                        throw new InvalidDataException(
                            $"amtml.teachers: {group.OfTeacher.Name} of teacher {t + 1} is {theirs.Shape[2]}x{theirs.Shape[3]}, the "
                                + $"student's {features.Shape[2]}x{features.Shape[3]}; set amtml.hint=0"
                        );
                    return AmtmlKdLoss.Hint(
                        context.Tape,
                        group.Adaptor.Forward(context, context.Tape.L2Normalize(features)),
                        theirs
                    );
                }
            )
            .Aggregate(context.Tape.Add);

    private Conv Adaptor(string teacher, NetworkStage student, NetworkStage theirs) =>
        new(
            Parameters,
            $"hint.{teacher}",
            student.Channels,
            theirs.Channels,
            Size3.One,
            Initializer.Normal(Math.Sqrt(1.0 / student.Channels))
        );

    private static IEnumerable<NetworkStage> GroupsOf(Classifier network) =>
        network.Stages.Where(stage => stage.Name.StartsWith("group", StringComparison.Ordinal));
}
