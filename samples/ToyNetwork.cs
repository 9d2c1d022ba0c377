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
Backend backend = opened.Backend;
using var parameters = new ParameterStore(backend.Device, DType.Float32, seed: 1);
var hidden = new Linear(parameters, "hidden", 2, 8, Initializer.Normal(1));
var output = new Linear(parameters, "output", 8, 1, Initializer.Normal(1));
using var adam = new Adam(backend, parameters);
using Tensor inputs = Tensor.From<float>(backend.Device, new Shape(4, 2), [0, 0, 0, 1, 1, 0, 1, 1]);
using Tensor targets = Tensor.From<float>(backend.Device, new Shape(4, 1), [0, 1, 1, 0]);
for (int step = 1; step <= 100; step++)
{
    using TensorScope scope = TensorScope.Open(backend.Device);
    var tape = new Tape(backend);
    var pass = new ForwardContext(tape);
    Variable logits = output.Forward(pass, tape.Tanh(hidden.Forward(pass, tape.Input(inputs))));
    Variable loss = tape.BinaryCrossEntropyWithLogits(logits, tape.Input(targets));
    if (step % 20 == 0)
        Console.WriteLine($"step {step}: loss {loss.Value.ToScalar():F4}");
    tape.Backward(loss);
    adam.Step(learningRate: 0.05);
}
