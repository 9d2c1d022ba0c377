using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Engine.Tests.Autograd;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Tensors;
using static UnpairedSegEngine.Engine.Tests.Autograd.GradientCheck;

namespace UnpairedSegEngine.Engine.Tests.Losses;

/// <summary>Relations between samples against loops in float64, and their derivatives against difference quotients.</summary>
internal sealed class RelationLossTests
{
    private Device device = null!;
    private CpuBackend backend = null!;
    private TensorScope scope = null!;

    private static IEnumerable<TestCaseData> Cases()
    {
        foreach ((Shape student, Shape teacher) in ((Shape, Shape)[])[(new(5, 3), new(5, 3)), (new(3, 2), new(3, 4))])
        {
            yield return Case($"distance {student}", (t, s, l) => t.RkdDistance(s, l), Distances, student, teacher);
            yield return Case($"angle {student}", (t, s, l) => t.RkdAngle(s, l), Angles, student, teacher);
        }

        yield return Case(
            "angle of maps",
            (t, s, l) => t.RkdAngle(s, l),
            Angles,
            new Shape(3, 1, 2, 2, 2),
            new Shape(3, 1, 1, 3, 2)
        );
    }

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, threads: 1);
        scope = TensorScope.Open(device);
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        backend.Dispose();
        device.Dispose();
    }

    [TestCaseSource(nameof(Cases))]
    public void Follows_its_formula(Relation loss, Func<double[][], double[]> relations, Shape student, Shape teacher)
    {
        double[] own = Values(student),
            others = Values(teacher, 7);
        var tape = new Tape(backend);
        Variable result = loss(tape, Doubles(tape, student, own), Doubles(tape, teacher, others));
        Assert.That(result.Shape, Is.EqualTo(new Shape()));
        double expected = relations(Rows(own, student))
            .Zip(relations(Rows(others, teacher)), (a, b) => Math.Abs(a - b))
            .Average(d => d < 1 ? d * d / 2 : d - 0.5);
        Assert.That(result.Value.ToScalar(), Is.EqualTo(expected).Within(1e-11));
    }

    [TestCaseSource(nameof(Cases))]
    public void Has_two_derivatives(Relation loss, Func<double[][], double[]> relations, Shape student, Shape teacher)
    {
        using var check = new GradientCheck();
        Variable Loss(Tape tape, Variable[] v) => loss(tape, v[0], Doubles(tape, teacher, Values(teacher, 7)));
        check.First(Loss, [Values(student)], [student]);
        check.Second((t, v) => Loss(t, v) * Loss(t, v), [Values(student)], [student]);
    }

    /// <summary>Neither the size of predictions nor where they lie is a relation; a turn keeps distances and angles.</summary>
    [Test]
    public void Likeness_is_up_to_scale_and_place()
    {
        var shape = new Shape(4, 2);
        double[] teacher = Values(shape),
            student = [.. teacher.Chunk(2).SelectMany(row => (double[])[5 - (3 * row[1]), (3 * row[0]) - 2])];
        var tape = new Tape(backend);
        (Variable s, Variable t) = (Doubles(tape, shape, student), Doubles(tape, shape, teacher));
        Assert.That(tape.RkdDistance(s, t).Value.ToScalar(), Is.Zero.Within(1e-20));
        Assert.That(tape.RkdAngle(s, t).Value.ToScalar(), Is.Zero.Within(1e-20));
    }

    [Test]
    public void Equal_predictions_have_finite_gradients([Values] bool all)
    {
        var tape = new Tape(backend);
        float[] values = all ? [1, 2, 1, 2, 1, 2] : [1, 2, 1, 2, -3, 0];
        Variable student = tape.Input(Tensor.From<float>(device, new Shape(3, 2), values), requiresGradient: true),
            teacher = tape.Input(new Shape(3, 2), [0, 1, 2, 0, 1, 1]);
        tape.Backward(tape.RkdDistance(student, teacher) + tape.RkdAngle(student, teacher));
        Assert.That(student.Gradient!.ToArray<float>(), Has.All.Matches<float>(float.IsFinite));
        student.ClearGradient();
    }

    [Test]
    public void The_teacher_is_a_constant()
    {
        var tape = new Tape(backend);
        var shape = new Shape(3, 2);
        Variable student = tape.Input(Tensor.From<double>(device, shape, Values(shape)), requiresGradient: true),
            teacher = tape.Input(Tensor.From<double>(device, shape, Values(shape, 5)), requiresGradient: true);
        tape.Backward(tape.RkdDistance(student, teacher) + tape.RkdAngle(student, teacher));
        Assert.That(teacher.Gradient, Is.Null);
        Assert.That(student.Gradient!.ToArray<double>(), Has.Some.Not.Zero);
        student.ClearGradient();
    }

    [Test]
    public void One_sample_has_no_relations()
    {
        var tape = new Tape(backend);
        Variable one = tape.Input(new Shape(1, 2), [1, 2]),
            two = tape.Input(new Shape(2, 1), [1, 2]);
        foreach (Action call in (Action[])[() => tape.RkdAngle(one, one), () => tape.RkdDistance(two, one)])
            Assert.That(call, Throws.ArgumentException.With.Message.Contains("at least two samples"));
    }

    private static TestCaseData Case(
        string name,
        Relation loss,
        Func<double[][], double[]> relations,
        Shape student,
        Shape teacher
    ) => new TestCaseData(loss, relations, student, teacher).SetName("{m}: " + name);

    private static Variable Doubles(Tape tape, Shape shape, double[] values) =>
        tape.Input(Tensor.From<double>(tape.Device, shape, values));

    private static double[][] Rows(double[] values, Shape shape) => [.. values.Chunk((int)(shape.Count / shape[0]))];

    private static double[] Distances(double[][] rows)
    {
        double[] all = [.. rows.SelectMany(a => rows.Select(b => Length(Minus(a, b))))];
        double mean = all.Where(distance => distance > 0).Average();
        return [.. all.Select(distance => distance / mean)];
    }

    private static double[] Angles(double[][] rows) =>
        [.. from corner in rows from a in rows from b in rows select Cosine(Minus(a, corner), Minus(b, corner))];

    private static double Cosine(double[] a, double[] b)
    {
        double lengths = Length(a) * Length(b);
        return lengths == 0 ? 0 : a.Zip(b, (x, y) => x * y).Sum() / lengths;
    }

    private static double[] Minus(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x - y)];

    private static double Length(double[] vector) => Math.Sqrt(vector.Sum(x => x * x));

    /// <summary>A loss of student and teacher.</summary>
    internal delegate Variable Relation(Tape tape, Variable student, Variable teacher);
}
