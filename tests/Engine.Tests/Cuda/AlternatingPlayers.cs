using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>
/// A generator and a critic with an optimizer each, trained in turns on squared distances (Mao et al. 2017, arXiv:1611.04076):
/// the generator's turn must see the critic's new weights.
/// </summary>
internal sealed class AlternatingPlayers : IDisposable
{
    /// <summary>The parts of a step.</summary>
    public const int Parts = 4;

    private const double CriticRate = 0.02,
        GeneratorRate = 0.005;

    private static readonly Shape Image = new(2, 1, 5, 7, 3);

    private readonly Backend backend;
    private readonly Variable generator,
        criticIn,
        criticOut;
    private readonly Adam generatorOptimizer,
        criticOptimizer;
    private readonly Tensor noise,
        real,
        target;
    private Tape tape = null!;
    private Variable verdict = null!;

    public AlternatingPlayers(Backend backend, int criticSlot = 0, int generatorSlot = 1)
    {
        this.backend = backend;
        (generator, criticIn, criticOut) = (Weights(3, 3, 3), Weights(3, 3, 8), Weights(1, 8, 1));
        criticOptimizer = new Adam(backend, [Optimized(criticIn), Optimized(criticOut)]) { RateSlot = criticSlot };
        generatorOptimizer = new Adam(backend, [Optimized(generator)]) { RateSlot = generatorSlot };
        (noise, real) = (Filled(Image, 5), Filled(Image, 6));
        target = Filled(new Shape(4, 1, 5, 7, 1), 0, (i, _) => i < 2 * 5 * 7 ? 0 : 1);
    }

    private Device Device => backend.Device;

    /// <summary>Done to the generator's weights after the critic's update.</summary>
    public Action<Tensor>? AfterCritic { get; init; }

    public float[] AllWeights() => [.. new[] { generator, criticIn, criticOut }.SelectMany(w => w.Value.ToArray<float>())];

    /// <summary>The parts of a step: critic forward, critic update, generator forward, generator update.</summary>
    public Action[] Plan(int step) =>
        [
            () =>
            {
                tape = new Tape(backend);
                verdict = Critic(tape.Concat(0, new Variable(Generated().Value), new Variable(real)));
            },
            () =>
            {
                Tensor gradient = tape.Allocate(verdict.Shape, DType.Float32);
                backend.Binary(BinaryFunction.Subtract, verdict.Value, target, gradient);
                tape.Backward(verdict, gradient);
                criticOptimizer.Step(step, CriticRate, [criticIn.Gradient, criticOut.Gradient]);
                AfterCritic?.Invoke(generator.Value);
                ClearGradients();
            },
            () =>
            {
                tape = new Tape(backend);
                verdict = Critic(Generated());
            },
            () =>
            {
                Tensor gradient = tape.Allocate(verdict.Shape, DType.Float32);
                backend.Affine(verdict.Value, 1, -1, gradient);
                tape.Backward(verdict, gradient);
                generatorOptimizer.Step(step, GeneratorRate, [generator.Gradient]);
                ClearGradients();
            },
        ];

    public void Step(int step)
    {
        using TensorScope scope = TensorScope.Open(Device);
        foreach (Action part in Plan(step))
            part();
    }

    public IRecording Record(params Action[] parts)
    {
        using TensorScope scope = TensorScope.Open(Device);
        return backend.Recorder!.Record(parts);
    }

    /// <summary>A step of recorded parts.</summary>
    public void Replay(IRecording recording, int step, int parts = Parts)
    {
        backend.Recorder!.Set(
            new ReplayNumbers(0, [criticOptimizer.RateOf(step, CriticRate), generatorOptimizer.RateOf(step, GeneratorRate)])
        );
        for (int part = 0; part < parts; part++)
            recording.Run(part);
    }

    public void Dispose()
    {
        ClearGradients(); // a refused recording leaves some
        generatorOptimizer.Dispose();
        criticOptimizer.Dispose();
        foreach (Tensor tensor in new[] { generator.Value, criticIn.Value, criticOut.Value, noise, real, target })
            tensor.Dispose();
    }

    private static OptimizedTensor Optimized(Variable variable) => new("w", variable.Value, IsDecayed: false);

    private Variable Generated() => Convolve(new Variable(noise), generator);

    private Variable Critic(Variable x) => Convolve(tape.LeakyReLU(Convolve(x, criticIn), 0.2), criticOut);

    private Variable Convolve(Variable x, Variable w) => tape.Convolve(ConvolutionProblem.Same(x.Shape, w.Shape), x, w);

    private void ClearGradients()
    {
        generator.ClearGradient();
        criticIn.ClearGradient();
        criticOut.ClearGradient();
    }

    private Variable Weights(int kernel, int inputs, int outputs) =>
        new(Filled(new Shape(1, kernel, kernel, inputs, outputs), inputs + outputs), requiresGradient: true);

    private Tensor Filled(Shape shape, int salt) => Filled(shape, salt, (i, salt) => (float)(0.4 * Math.Sin((i * 1.7) + salt)));

    private Tensor Filled(Shape shape, int salt, Func<int, int, float> value) =>
        Tensor.From<float>(Device, shape, [.. Enumerable.Range(0, (int)shape.Count).Select(i => value(i, salt))]).Detach();
}
