#:project ../src/Engine/Engine.csproj
#:property PublishAot=false
// A critic whose slope is held at one, by the gradient of a gradient.
// dotnet run samples/GradientPenalty.cs [cpu|ilgpu|cuda|emulated]
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
using var parameters = new ParameterStore(opened.Backend.Device, DType.Float32, seed: 1);
var hidden = new Linear(parameters, "hidden", 2, 32, Initializer.Normal(0.7));
var output = new Linear(parameters, "output", 32, 1, Initializer.Normal(0.2));
using var adam = new Adam(opened.Backend, parameters, beta1: 0.5);
var random = new Random(1);

for (int step = 1; step <= 300; step++)
    adam.Minimize(learningRate: 0.01, pass => Loss(pass, isShown: step % 50 == 0));

Variable Loss(ForwardContext pass, bool isShown)
{
    Tape tape = pass.Tape;
    Variable Critic(Variable points) => output.Forward(pass, tape.Tanh(hidden.Forward(pass, points)));

    // Two clouds two apart: the Wasserstein distance that the critic is to find.
    Variable near = Cloud(tape, 0),
        far = Cloud(tape, 2);
    Variable distance = tape.Mean(Critic(far)) - tape.Mean(Critic(near));

    // The slope between the clouds, on the tape, so that the penalty can be differentiated again.
    Variable share = Uniform(tape, new Shape(Points, 1), 0, 1);
    Variable between = tape.Input((near + (share * (far - near))).Value, requiresGradient: true);
    Variable slope = tape.Gradients(tape.Sum(Critic(between)), [between], createGraph: true)[0];
    Variable steepness = tape.Sqrt(tape.Sum(slope * slope, first: 1, axes: 1) + 1e-12);
    Variable penalty = tape.Mean((steepness - 1) * (steepness - 1));

    if (isShown)
        Console.WriteLine(
            $"step {adam.Updates + 1}: slope {tape.Mean(steepness).Value.ToScalar():F3}, distance {distance.Value.ToScalar():F3}"
        );
    return (PenaltyWeight * penalty) - distance;
}

// Points (samples, 2) around (middle, 0).
Variable Cloud(Tape tape, float middle) =>
    Uniform(tape, new Shape(Points, 2), -0.15f, 0.15f) + tape.Input(new Shape(2), [middle, 0]);

Variable Uniform(Tape tape, Shape shape, float from, float to) =>
    tape.Input(shape, [.. Enumerable.Range(0, (int)shape.Count).Select(_ => from + ((to - from) * random.NextSingle()))]);
