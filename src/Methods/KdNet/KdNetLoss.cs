using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;

namespace UnpairedSegEngine.Methods.KdNet;

/// <summary>
/// What a student learns from a teacher: the divergence of softened outputs, position by position, and of the features at the
/// bottlenecks after a softmax over channels. Hu, Maillard et al. 2020, arXiv:2106.09564; generalized distillation: Lopez-Paz et
/// al. 2016, arXiv:1511.03643; T^2: Hinton et al. 2015, arXiv:1503.02531.
/// </summary>
/// <param name="Settings">Weights and temperature.</param>
internal sealed record KdNetLoss(KdNetTeacherConfig Settings)
{
    /// <summary>Whether the teacher is needed at all.</summary>
    public bool Distills => Settings.Lambda < 1;

    /// <summary>Whether the bottlenecks are compared.</summary>
    public bool ComparesBottlenecks => Distills && Settings.Alpha < 1;

    /// <summary>Weight of the loss on labels.</summary>
    public double LabelWeight => Settings.Lambda;

    /// <summary>Weight of <see cref="Outputs"/>.</summary>
    public double OutputWeight => (1 - Settings.Lambda) * Settings.Alpha;

    /// <summary>Weight of <see cref="Bottlenecks"/>.</summary>
    public double BottleneckWeight => (1 - Settings.Lambda) * (1 - Settings.Alpha);

    /// <summary>
    /// T^2 * mean of KL(softmax(teacher / T) || softmax(student / T)) over positions, as the settings have it: a scalar.
    /// </summary>
    public Variable Outputs(Tape tape, Variable teacher, Variable student)
    {
        Variable mean = tape.SoftmaxKl(teacher, student, Settings.Temperature, Settings.SquareTemperature);
        return Settings.Mean switch
        {
            DivergenceMean.Positions => mean,
            DivergenceMean.Elements => tape.Scale(mean, 1.0 / student.Shape[^1]),
            _ => throw new InvalidOperationException($"no mean over {Settings.Mean}"),
        };
    }

    /// <summary>
    /// Mean of KL(softmax(teacher) || softmax(student)) over positions, over channels of equal number: a scalar.
    /// </summary>
    public static Variable Bottlenecks(Tape tape, Variable teacher, Variable student) => tape.SoftmaxKl(teacher, student);
}
