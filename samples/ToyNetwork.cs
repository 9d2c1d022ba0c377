#:project ../src/Engine/Engine.csproj
#:property PublishAot=false
// Two layers learn XOR: dotnet run samples/ToyNetwork.cs [cpu|ilgpu|cuda|emulated]
using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;

using OpenedBackend opened = BackendChoice.Open(args is [string name] ? name : "cpu");
using var parameters = new ParameterStore(opened.Backend.Device, DType.Float32, seed: 1);
var hidden = new Linear(parameters, "hidden", 2, 8, Initializer.Normal(1));
var output = new Linear(parameters, "output", 8, 1, Initializer.Normal(1));
using var adam = new Adam(opened.Backend, parameters);
for (int step = 1; step <= 100; step++)
{
    double loss = adam.Minimize(learningRate: 0.05, Loss);
    if (step % 20 == 0)
        Console.WriteLine($"step {step}: loss {loss:F4}");
}

Variable Loss(ForwardContext pass)
{
    Variable inputs = pass.Tape.Input(new Shape(4, 2), [0, 0, 0, 1, 1, 0, 1, 1]);
    Variable targets = pass.Tape.Input(new Shape(4, 1), [0, 1, 1, 0]);
    Variable logits = output.Forward(pass, pass.Tape.Tanh(hidden.Forward(pass, inputs)));
    return pass.Tape.BinaryCrossEntropyWithLogits(logits, targets);
}
