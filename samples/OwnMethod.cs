#:project ../src/Training/Training.csproj
#:property PublishAot=false
// A network, a loss and data of your own in the training loop: a denoiser of signals.
// dotnet run samples/OwnMethod.cs [cpu|ilgpu|cuda|emulated]
using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Schedules;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;
using UnpairedSegEngine.Training.Progress;

using OpenedBackend opened = BackendChoice.Open(args is [string name] ? name : "cpu");
using var method = new Denoising(opened.Backend, seed: 1);
var schedule = new ScheduleConfig
{
    Steps = 200,
    Batch = 16,
    LogEvery = 50,
};
using var trainer = new Trainer(method, new NoisySines(), schedule) { Progress = new ConsoleProgress() };
trainer.Run();

/// <summary>What a sample is: a sine of random phase and frequency, clean and with noise.</summary>
internal sealed class NoisySines : ISampleSource
{
    public const string Noisy = "noisy",
        Clean = "clean";
    private const int Length = 32;

    public IReadOnlyList<string> Groups => ["sines"];

    /// <summary>A signal is an image of one row: (depth, height, width, channels).</summary>
    public IReadOnlyList<TensorKind> Tensors { get; } =
    [new(Noisy, new Shape(1, 1, Length, 1), DType.Float32), new(Clean, new Shape(1, 1, Length, 1), DType.Float32)];

    public string Description => $"{Length} values";

    public SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample)
    {
        Span<float> noisy = sample.Elements<float>(0),
            clean = sample.Elements<float>(1);
        float phase = stream.NextUniform(0, 2 * MathF.PI),
            frequency = stream.NextUniform(0.2f, 0.5f);
        for (int i = 0; i < Length; i++)
        {
            clean[i] = MathF.Sin((frequency * i) + phase);
            noisy[i] = clean[i] + (0.5f * stream.NextNormal());
        }

        return new SampleOrigin("{0}", "sine");
    }
}

/// <summary>The network: what it adds to the noisy signal to clean it.</summary>
internal sealed class Denoiser(ParameterStore parameters)
{
    private readonly Conv inner = new(parameters, "inner", 1, 16, new Size3(1, 1, 9), Initializer.Normal(0.3), hasBias: true);
    private readonly Conv outer = new(parameters, "outer", 16, 1, new Size3(1, 1, 9), Initializer.Normal(0.05));

    public Variable Forward(ForwardContext pass, Variable noisy) =>
        noisy + outer.Forward(pass, pass.Tape.Tanh(inner.Forward(pass, noisy)));
}

/// <summary>What is trained, by which optimizer and by which losses.</summary>
internal sealed class Denoising : TrainingMethod
{
    private readonly Denoiser network;

    public Denoising(Backend backend, ulong seed)
        : base(backend, seed)
    {
        var parameters = new ParameterStore(backend.Device, DType.Float32, seed);
        network = new Denoiser(parameters);
        Modules = [new TrainingModule(TrainingModule.Predictor, parameters)];
        Optimizers = [new ModuleOptimizer("", new Adam(backend, parameters), [.. parameters.Trainable], new ConstantRate(0.005))];
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    public override StepPlan Plan(long step, DeviceBatch batch) => new ComposedLossPlan(this, step, batch, Losses);

    /// <summary>The squared error, and that of neighbours' differences, which keeps the result smooth.</summary>
    private IReadOnlyList<WeightedLoss> Losses(ForwardContext pass, DeviceBatch batch)
    {
        Variable clean = pass.Tape.Input(batch[NoisySines.Clean]),
            cleaned = network.Forward(pass, pass.Tape.Input(batch[NoisySines.Noisy]));
        return
        [
            new("error", pass.Tape.MeanSquaredError(cleaned, clean)),
            new("roughness", pass.Tape.MeanSquaredError(Differences(cleaned), Differences(clean)), Weight: 0.5),
        ];

        Variable Differences(Variable signal)
        {
            int count = signal.Shape[3] - 1;
            return pass.Tape.Slice(signal, 3, 1, count) - pass.Tape.Slice(signal, 3, 0, count);
        }
    }
}

/// <summary>One line for each report.</summary>
internal sealed class ConsoleProgress : IProgressView
{
    public void Show(StepReport report) =>
        Console.WriteLine(
            $"step {report.Step}: " + string.Join(", ", report.Losses.Select(loss => $"{loss.Key} {loss.Value:F4}"))
        );

    public void Show(long step, ValidationReport report) { }

    public void Note(string line) => Console.WriteLine(line);
}
