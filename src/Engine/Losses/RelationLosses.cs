using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Losses;

/// <summary>
/// Relational knowledge distillation: a student learns how the samples of a batch lie to each other for a teacher, not where they
/// lie. Park et al. 2019, arXiv:1904.05068.
/// </summary>
/// <remarks>
/// Both grow with the batch: N^2 C numbers for N samples of C, and N^3 for the angles. As in the published code, the gradient of
/// an angle grows without bound as two predictions of the student become the same.
/// </remarks>
public static class RelationLosses
{
    /// <summary>Added to squared distances, so that their root has a gradient where two samples are the same.</summary>
    private const double SmallestSquare = 1e-24;

    /// <summary>
    /// RKD-D: the mean over all pairs of smooth L1 between the student's and the teacher's Euclidean distances, each divided by
    /// its mean over the pairs of different samples: a scalar. Only the student has a gradient.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="student">(samples, ...).</param>
    /// <param name="teacher">As many samples; the other axes may differ.</param>
    /// <exception cref="ArgumentException">There are fewer than two samples, or not as many of both.</exception>
    public static Variable RkdDistance(this Tape tape, Variable student, Variable teacher)
    {
        RequireSamples(student, teacher);
        return tape.SmoothL1(tape.Distances(student), tape.Distances(tape.StopGradient(teacher)));
    }

    /// <summary>
    /// RKD-A: the mean over all triplets of smooth L1 between the student's and the teacher's cosines of the angle at one sample
    /// between the directions to two others: a scalar. Only the student has a gradient. A direction to the sample itself is zero.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="student">(samples, ...).</param>
    /// <param name="teacher">As many samples; the other axes may differ.</param>
    /// <exception cref="ArgumentException">There are fewer than two samples, or not as many of both.</exception>
    public static Variable RkdAngle(this Tape tape, Variable student, Variable teacher)
    {
        RequireSamples(student, teacher);
        return tape.SmoothL1(tape.Angles(student), tape.Angles(tape.StopGradient(teacher)));
    }

    private static Variable Distances(this Tape tape, Variable samples)
    {
        Variable differences = tape.Differences(samples),
            squares = tape.Sum(tape.Multiply(differences, differences), 2, 1),
            distances = tape.Sqrt(tape.Scale(squares, 1, SmallestSquare));
        long count = samples.Shape[0];
        return tape.Divide(distances, tape.Scale(tape.Sum(distances), 1.0 / (count * (count - 1))));
    }

    private static Variable Angles(this Tape tape, Variable samples)
    {
        Variable directions = tape.L2Normalize(tape.Differences(samples));
        return tape.BatchedMatMul(directions, directions, transposeB: true);
    }

    /// <summary>(samples, samples, elements): [i, j] is sample j as seen from sample i.</summary>
    private static Variable Differences(this Tape tape, Variable samples)
    {
        int count = samples.Shape[0],
            elements = checked((int)(samples.Shape.Count / count));
        return tape.Subtract(
            tape.Reshape(samples, new Shape(1, count, elements)),
            tape.Reshape(samples, new Shape(count, 1, elements))
        );
    }

    private static void RequireSamples(Variable student, Variable teacher)
    {
        if (student.Shape.Rank < 2 || teacher.Shape.Rank < 2 || student.Shape[0] < 2 || student.Shape[0] != teacher.Shape[0])
            throw new ArgumentException(
                $"relations are between at least two samples (samples, ...), as many of the teacher's as of the student's, "
                    + $"not {student.Shape} and {teacher.Shape}"
            );
    }
}
