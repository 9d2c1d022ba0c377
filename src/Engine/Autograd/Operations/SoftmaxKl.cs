using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>
/// Knowledge distillation between softened class probabilities, without storing them. Hinton et al. 2015, arXiv:1503.02531.
/// </summary>
public static class SoftmaxKlOperation
{
    /// <summary>
    /// The mean over all positions of KL(softmax(teacher / T) || softmax(student / T)), by default times T^2, which keeps the
    /// size of its gradient as T changes: a scalar. Only the student has a gradient. Nothing waits for the device.
    /// </summary>
    /// <param name="tape">Records the operation.</param>
    /// <param name="teacher">Logits (..., classes).</param>
    /// <param name="student">Logits of that shape.</param>
    /// <param name="temperature">T: above 1 softens.</param>
    /// <param name="timesSquaredTemperature">Whether the mean is multiplied by T^2.</param>
    /// <exception cref="ArgumentException">The shapes differ, or the temperature is not positive.</exception>
    public static Variable SoftmaxKl(
        this Tape tape,
        Variable teacher,
        Variable student,
        double temperature = 1,
        bool timesSquaredTemperature = true
    )
    {
        tape.RequireFirstOrder("softmax KL");
        Tensor sum = tape.Allocate(new Shape(), student.DType);
        tape.Backend.SoftmaxKlSum(teacher.Value, student.Value, temperature, sum);
        Variable total = tape.Record(
            "softmax kl",
            sum,
            [student],
            (gy, _) =>
            {
                tape.RequireFirstOrder("softmax KL");
                Tensor gs = tape.Allocate(student.Shape, student.DType);
                tape.Backend.SoftmaxKlGradient(teacher.Value, student.Value, temperature, gy.Value, gs);
                return [new Variable(gs)];
            },
            keeps: [teacher, student]
        );
        double weight = timesSquaredTemperature ? temperature * temperature : 1;
        return tape.Scale(total, weight * student.Shape[^1] / student.Shape.Count);
    }
}
