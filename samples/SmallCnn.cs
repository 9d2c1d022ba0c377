#:project ../src/Engine/Engine.csproj
#:property PublishAot=false
// A small convolutional network tells discs, frames and crosses apart: dotnet run samples/SmallCnn.cs [cpu|ilgpu|cuda|emulated]
using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;

const int Size = 16,
    Batch = 32,
    Classes = 3;

using OpenedBackend opened = BackendChoice.Open(args is [string name] ? name : "cpu");
Backend backend = opened.Backend;
using var parameters = new ParameterStore(backend.Device, DType.Float32, seed: 1);
var network = new Classifier(parameters, Classes);
using var adam = new Adam(backend, parameters);
var random = new Random(1);

for (int step = 1; step <= 200; step++)
{
    double loss = adam.Minimize(learningRate: 0.01, Loss);
    if (step % 50 == 0)
        Console.WriteLine($"step {step}: loss {loss:F4}");
}

int right = 0;
const int Rounds = 4;
for (int round = 0; round < Rounds; round++)
{
    using TensorScope scope = TensorScope.Open(backend.Device);
    (Tensor images, Tensor labels) = Draw();
    var pass = new ForwardContext(new Tape(backend, recording: false));
    float[] scores = network.Forward(pass, pass.Tape.Input(images)).Value.ToArray<float>();
    byte[] truth = labels.ToArray<byte>();
    right += scores.Chunk(Classes).Where((row, i) => row.IndexOf(row.Max()) == truth[i]).Count();
}

Console.WriteLine($"accuracy {right / (double)(Rounds * Batch):F3}");

Variable Loss(ForwardContext pass)
{
    (Tensor images, Tensor labels) = Draw();
    return pass.Tape.CrossEntropy(network.Forward(pass, pass.Tape.Input(images)), labels);
}

// Images (samples, 1, height, width, 1) and their classes: a shape of random size and place, and noise.
(Tensor Images, Tensor Labels) Draw()
{
    var images = new float[Batch * Size * Size];
    var labels = new byte[Batch];
    for (int sample = 0; sample < Batch; sample++)
    {
        int kind = labels[sample] = (byte)random.Next(Classes);
        double radius = 3 + (2 * random.NextDouble()),
            middleY = 6 + (4 * random.NextDouble()),
            middleX = 6 + (4 * random.NextDouble());
        for (int pixel = 0; pixel < Size * Size; pixel++)
        {
            double y = Math.Abs((pixel / Size) - middleY),
                x = Math.Abs((pixel % Size) - middleX);
            bool inside = kind switch
            {
                0 => (y * y) + (x * x) <= radius * radius,
                1 => Math.Abs(Math.Max(y, x) - radius) <= 1,
                _ => Math.Max(y, x) <= radius && Math.Min(y, x) <= 1,
            };
            images[(sample * Size * Size) + pixel] = (inside ? 1 : 0) + (0.3f * (random.NextSingle() - 0.5f));
        }
    }

    return (
        Tensor.From<float>(backend.Device, new Shape(Batch, 1, Size, Size, 1), images),
        Tensor.From<byte>(backend.Device, new Shape(Batch), labels)
    );
}

/// <summary>Two convolutions of stride 2, the mean over the image, a linear layer.</summary>
internal sealed class Classifier(ParameterStore parameters, int classes)
{
    private readonly Conv first = new(parameters, "first", 1, 8, Size3.Planar(3), Initializer.Normal(0.3), Size3.Planar(2));
    private readonly Conv second = new(parameters, "second", 8, 16, Size3.Planar(3), Initializer.Normal(0.15), Size3.Planar(2));
    private readonly Linear scores = new(parameters, "scores", 16, classes, Initializer.Normal(0.3));

    /// <param name="pass">Its tape records.</param>
    /// <param name="images">(samples, 1, height, width, 1).</param>
    /// <returns>(samples, classes).</returns>
    public Variable Forward(ForwardContext pass, Variable images)
    {
        Tape tape = pass.Tape;
        Variable features = tape.Relu(second.Forward(pass, tape.Relu(first.Forward(pass, images))));
        return scores.Forward(pass, tape.Mean(features, first: 1, axes: 3));
    }
}
