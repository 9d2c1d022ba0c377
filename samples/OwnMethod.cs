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

/// <summary>What is trained, and by which optimizer.</summary>
internal sealed class Denoising : TrainingMethod
{
    public Denoising(Backend backend, ulong seed)
        : base(backend, seed)
    {
        var parameters = new ParameterStore(backend.Device, DType.Float32, seed);
        Network = new Denoiser(parameters);
        Modules = [new TrainingModule(TrainingModule.Predictor, parameters)];
        Optimizers = [new ModuleOptimizer("", new Adam(backend, parameters), [.. parameters.Trainable], new ConstantRate(0.005))];
        Update = new ParameterUpdate(backend, Optimizers);
    }

    public Denoiser Network { get; }

    public ParameterUpdate Update { get; }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    public override StepPlan Plan(long step, DeviceBatch batch) => new DenoisingPlan(this, step, batch);
}

/// <summary>A step: the losses on the device; the host reads and judges them; then the gradients and the update.</summary>
internal sealed class DenoisingPlan : StepPlan
{
    /// <summary>Weight of the loss between neighbours' differences, which keeps the result smooth.</summary>
    private const double SmoothnessWeight = 0.5;

    private readonly Denoising method;
    private readonly long step;
    private readonly DeviceBatch batch;
    private readonly Tape tape;
    private readonly Tensor losses;
    private Variable? total;

    public DenoisingPlan(Denoising method, long step, DeviceBatch batch)
        : base(method.Backend.Device)
    {
        (this.method, this.step, this.batch) = (method, step, batch);
        tape = new Tape(method.Backend);
        losses = Exchange(new Shape(2), DType.Float32);
        Parts = [new StepPart(Forward, Report), new StepPart(Backward)];
    }

    public override IReadOnlyList<StepPart> Parts { get; }

    private void Forward()
    {
        var pass = new ForwardContext(tape, batch.Groups, Training: true, method.Seed, step);
        Variable clean = tape.Input(batch[NoisySines.Clean]),
            cleaned = method.Network.Forward(pass, tape.Input(batch[NoisySines.Noisy]));
        Variable error = tape.MeanSquaredError(cleaned, clean),
            roughness = tape.MeanSquaredError(Differences(cleaned), Differences(clean));
        total = error + (SmoothnessWeight * roughness);
        method.Backend.CopyChannels(error.Value.Reshape(new Shape(1)), 0, losses, 0, 1);
        method.Backend.CopyChannels(roughness.Value.Reshape(new Shape(1)), 0, losses, 1, 1);
    }

    private LossReport Report() =>
        losses.ToArray<float>() is [float error, float roughness]
            ? new LossReport(
                error + (SmoothnessWeight * roughness),
                new LossTerm("error", error, "squared error"),
                new LossTerm("roughness", roughness, "squared error of differences")
            )
            : throw new InvalidOperationException();

    private void Backward()
    {
        Tensor one = tape.Allocate(total!.Shape, total.DType);
        method.Backend.Fill(one, 1);
        method.Update.Run(tape, total, one, step);
    }

    private Variable Differences(Variable signal)
    {
        int count = signal.Shape[3] - 1;
        return tape.Slice(signal, 3, 1, count) - tape.Slice(signal, 3, 0, count);
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
