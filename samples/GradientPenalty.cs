#:project ../src/Engine/Engine.csproj
// A critic whose slope is held at one, by the gradient of a gradient: dotnet run samples/GradientPenalty.cs [cpu|ilgpu|cuda|emulated]
// Gulrajani et al. 2017, arXiv:1704.00028.
using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;

const int Points = 64;
const double PenaltyWeight = 10;

using OpenedBackend opened = BackendChoice.Open(args is [string name] ? name : "cpu");
Backend backend = opened.Backend;
using var parameters = new ParameterStore(backend.Device, DType.Float32, seed: 1);
var hidden = new Linear(parameters, "hidden", 2, 32, Initializer.Normal(0.7));
var output = new Linear(parameters, "output", 32, 1, Initializer.Normal(0.2));
using var adam = new Adam(backend, parameters, beta1: 0.5);
var random = new Random(1);

for (int step = 1; step <= 300; step++)
{
    using TensorScope scope = TensorScope.Open(backend.Device);
    var tape = new Tape(backend);
    var pass = new ForwardContext(tape);
    Variable Critic(Variable points) => output.Forward(pass, tape.Tanh(hidden.Forward(pass, points)));

    // Two clouds two apart: the Wasserstein distance that the critic is to find.
    Variable near = Cloud(tape, 0),
        far = Cloud(tape, 2);
    Variable distance = tape.Mean(Critic(far)) - tape.Mean(Critic(near));

    // The slope at points between the clouds, on the tape, so that the penalty can be differentiated again.
    Variable between = tape.Input((0.5 * (near + far)).Value, requiresGradient: true);
    Variable slope = tape.Gradients(tape.Sum(Critic(between)), [between], createGraph: true)[0];
    Variable steepness = tape.Sqrt(tape.Sum(slope * slope, first: 1, axes: 1) + 1e-12);
    Variable penalty = tape.Mean((steepness - 1) * (steepness - 1));

    if (step % 50 == 0)
        Console.WriteLine(
            $"step {step}: slope {tape.Mean(steepness).Value.ToScalar():F3}, distance {distance.Value.ToScalar():F3}"
        );
    tape.Backward((PenaltyWeight * penalty) - distance);
    adam.Step(learningRate: 0.01);
}

Variable Cloud(Tape tape, float middle)
{
    var points = new float[Points * 2];
    for (int i = 0; i < points.Length; i++)
        points[i] = (i % 2 == 0 ? middle : 0) + (0.3f * (random.NextSingle() - 0.5f));
    return tape.Input(Tensor.From<float>(backend.Device, new Shape(Points, 2), points));
}
