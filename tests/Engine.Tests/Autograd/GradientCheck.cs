using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Autograd;

/// <summary>A computation under test: from leaves to any output, on a tape.</summary>
internal delegate Variable Computation(Tape tape, Variable[] inputs);

/// <summary>
/// Holds gradients against central differences in float64: every entry of the Jacobian's product with a fixed random vector.
/// </summary>
internal sealed class GradientCheck : IDisposable
{
    private const double Step = 1e-6;
    private const double Absolute = 1e-5;
    private const double Relative = 1e-3;

    private readonly Device device = Device.OpenCpu();
    private readonly CpuBackend backend;

    public GradientCheck() => backend = new CpuBackend(device, threads: 1);

    public Device Device => device;

    /// <summary>First derivatives for every input that <paramref name="differentiable"/> names (all by default).</summary>
    public void First(Computation computation, double[][] inputs, Shape[] shapes, params int[] differentiable)
    {
        double[][] gradients = Gradients(computation, inputs, shapes, differentiable);
        Compare(gradients, inputs, differentiable, shifted => Project(computation, shifted, shapes));
    }

    /// <summary>Second derivatives: those of a projection of the first ones, recorded by createGraph.</summary>
    public void Second(Computation computation, double[][] inputs, Shape[] shapes, params int[] differentiable)
    {
        Variable ProjectedGradient(Tape tape, Variable[] leaves)
        {
            Variable[] wanted = [.. Indices(leaves, differentiable).Select(i => leaves[i])];
            Variable[] first = tape.Gradients(Projection(tape, computation(tape, leaves)), wanted, createGraph: true);
            return first.Select((g, i) => Projection(tape, g, salt: 17 + i)).Aggregate(tape.Add);
        }

        double[][] second = Gradients(ProjectedGradient, inputs, shapes, differentiable);
        Compare(second, inputs, differentiable, shifted => Project(ProjectedGradient, shifted, shapes));
    }

    /// <summary>Values in (-1, 1) that are a function of the index.</summary>
    public static double[] Values(Shape shape, int salt = 1) =>
        [.. Enumerable.Range(0, (int)shape.Count).Select(i => Math.Sin((1.7 * i) + (0.9 * salt) + (0.01 * i * i)))];

    /// <summary>As <see cref="Values"/>, no closer to zero than 0.05: away from the kink of a rectifier.</summary>
    public static double[] ValuesOffZero(Shape shape, int salt = 1) =>
        [.. Values(shape, salt).Select(v => v + (0.05 * (v >= 0 ? 1 : -1)))];

    public void Dispose()
    {
        backend.Dispose();
        device.Dispose();
    }

    private static int[] Indices<T>(T[] inputs, int[] differentiable) =>
        differentiable.Length > 0 ? differentiable : [.. Enumerable.Range(0, inputs.Length)];

    private double[][] Gradients(Computation computation, double[][] inputs, Shape[] shapes, int[] differentiable)
    {
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable[] leaves = Leaves(inputs, shapes);
        foreach (int i in Indices(inputs, differentiable))
            leaves[i].RequiresGradient = true;
        tape.Backward(Projection(tape, computation(tape, leaves)));
        double[][] gradients = [.. leaves.Select(leaf => leaf.Gradient?.ToArray<double>() ?? new double[leaf.Shape.Count])];
        foreach (Variable leaf in leaves)
            leaf.ClearGradient();
        return gradients;
    }

    private double Project(Computation computation, double[][] inputs, Shape[] shapes)
    {
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable[] leaves = Leaves(inputs, shapes);
        foreach (Variable leaf in leaves)
            leaf.RequiresGradient = true;
        return Projection(tape, computation(tape, leaves)).Value.ToScalar();
    }

    /// <summary>The sum of the output weighted by fixed pseudo-random numbers.</summary>
    private Variable Projection(Tape tape, Variable output, int salt = 5) =>
        tape.Sum(tape.Multiply(output, new Variable(Tensor.From<double>(device, output.Shape, Values(output.Shape, salt)))));

    private Variable[] Leaves(double[][] inputs, Shape[] shapes) =>
        [.. inputs.Zip(shapes, (values, shape) => new Variable(Tensor.From<double>(device, shape, values)))];

    private static void Compare(double[][] gradients, double[][] inputs, int[] differentiable, Func<double[][], double> function)
    {
        bool anyNonZero = false;
        foreach (int i in Indices(inputs, differentiable))
        {
            for (int element = 0; element < inputs[i].Length; element++)
            {
                double original = inputs[i][element];
                inputs[i][element] = original + Step;
                double above = function(inputs);
                inputs[i][element] = original - Step;
                double below = function(inputs);
                inputs[i][element] = original;
                double expected = (above - below) / (2 * Step),
                    found = gradients[i][element];
                anyNonZero |= Math.Abs(found) > 1e-8;
                if (Math.Abs(found - expected) > Absolute + (Relative * Math.Abs(expected)))
                    Assert.Fail($"input {i}, element {element}: gradient {found:G9}, difference quotient {expected:G9}");
            }
        }

        Assert.That(anyNonZero, "all gradients are zero: the check says nothing");
    }
}
