using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary>A student's statistics beside its teacher's, at the stages that are compared, and the losses that follow.</summary>
internal sealed class StatisticsComparison
{
    private readonly AdaInConfig settings;
    private readonly StageAdaptors adaptors;

    /// <param name="backend">Computes.</param>
    /// <param name="student">Learns.</param>
    /// <param name="teacher">Judges.</param>
    /// <param name="config">All settings.</param>
    /// <exception cref="InvalidDataException">A network has no stage of a name, or makes logits there.</exception>
    public StatisticsComparison(Backend backend, IStagedNetwork student, IStagedNetwork teacher, TrainingConfig config)
    {
        settings = ((AdaInKdConfig)config.Own).Adain;
        adaptors = new StageAdaptors(backend.Device, student, teacher, settings.Stages, (ulong)config.Training.Seed);
        Module = new TrainingModule(StageAdaptors.Name, adaptors.Parameters);
        Optimizers =
            adaptors.Parameters.All.Count == 0
                ? []
                :
                [
                    new NetworkOptimizer(
                        backend,
                        adaptors.Parameters,
                        config.Optimizer,
                        config.Training,
                        config.Loss,
                        modalities: 1,
                        StageAdaptors.Name,
                        place: 1
                    ).Module,
                ];
    }

    /// <summary>The adaptors.</summary>
    public TrainingModule Module { get; }

    /// <summary>Behind the student's own: of the adaptors, where there are any.</summary>
    public IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    /// <summary>For a pass of the student.</summary>
    public FeatureTaps TapsOfStudent() => new([.. adaptors.Stages.Select(pair => pair.Student)]);

    /// <summary>For a pass of the teacher.</summary>
    public FeatureTaps TapsOfTeacher() => new([.. adaptors.Stages.Select(pair => pair.Teacher)]);

    /// <summary>L_stat, and L_ada where it has a weight; each summed over the stages.</summary>
    /// <param name="pass">The student's.</param>
    /// <param name="student">What its stages left.</param>
    /// <param name="teacher">What the teacher's stages left, of the same samples.</param>
    /// <param name="own">The teacher's logits.</param>
    /// <param name="goOn">The teacher's logits from the result of a stage on.</param>
    /// <param name="onLabels">The loss on labels of logits.</param>
    public IReadOnlyList<WeightedLoss> Losses(
        ForwardContext pass,
        FeatureTaps student,
        FeatureTaps teacher,
        Variable own,
        Func<StageOutput, Variable> goOn,
        Func<Variable, Variable> onLabels
    )
    {
        Tape tape = pass.Tape;
        List<Variable> differences = [],
            verdicts = [];
        foreach ((NetworkStage ofStudent, NetworkStage ofTeacher) in adaptors.Stages)
        {
            Variable features = tape.Input(teacher[ofTeacher].Features.Value);
            (Variable, Variable) known = FeatureStatistics.Of(tape, features),
                learnt = FeatureStatistics.Of(tape, adaptors.Adapt(pass, ofStudent, student[ofStudent].Features));
            differences.Add(AdaInKdLoss.Difference(tape, learnt, known));
            if (settings.Adaptive > 0)
            {
                Variable transferred = FeatureStatistics.Transfer(tape, features, known, learnt);
                verdicts.Add(Verdict(goOn(teacher[ofTeacher] with { Features = transferred })));
            }
        }

        List<WeightedLoss> losses = [new("statistics", differences.Aggregate(tape.Add), settings.Statistics)];
        if (verdicts.Count > 0)
            losses.Add(new("adaptive", verdicts.Aggregate(tape.Add), settings.Adaptive));
        return losses;

        Variable Verdict(Variable outputs) =>
            settings.Verdict switch
            {
                TeacherVerdict.Logits => AdaInKdLoss.MeanSquare(tape, outputs, tape.Input(own.Value)),
                TeacherVerdict.Divergence => tape.SoftmaxKl(tape.Input(own.Value), outputs, settings.Temperature),
                TeacherVerdict.Labels => onLabels(outputs),
                _ => throw new InvalidOperationException($"no verdict {settings.Verdict}"),
            };
    }
}
