using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Classification.Tests.Networks;

/// <summary>A classifier with images and a loss that reaches all of it.</summary>
internal sealed class ClassifierBench(Backend backend, ClassifierConfig settings, Shape images, DType type) : IDisposable
{
    public Classifier Network { get; } =
        ClassifierDefinition.Of(settings).Build(new ParameterStore(backend.Device, type, seed: 5), images[4], 3, settings);

    public static ClassifierConfig Resnet { get; } = new() { Depth = 8, Width = 2 };

    public static ClassifierConfig Vgg { get; } =
        new()
        {
            Name = ClassifierName.Vgg,
            Depth = 9,
            Width = 2,
            Hidden = 5,
            Grid = 2,
        };

    public static ClassifierConfig PlainVgg { get; } = Vgg with { BatchNorm = false, Hidden = 0 };

    /// <summary>Images are brought to another size first.</summary>
    public static ClassifierConfig ResizedVgg { get; } = PlainVgg with { Side = 6 };

    public static ClassifierConfig Densenet { get; } =
        new()
        {
            Name = ClassifierName.Densenet,
            Depth = 10,
            Width = 3,
        };

    public Variable Images(Tape tape)
    {
        double[] values = [.. Enumerable.Range(0, (int)images.Count).Select(i => Math.Sin((i * 0.37) + (i % 7)))];
        return tape.Input(
            type == DType.Float64
                ? Tensor.From<double>(tape.Device, images, values)
                : Tensor.From<float>(tape.Device, images, [.. values.Select(v => (float)v)])
        );
    }

    public Variable Logits(Tape tape, bool training = true) =>
        Network.Forward(new ForwardContext(tape, Training: training, Seed: 1), Images(tape));

    /// <summary>Sum of squares of the logits minus 1.</summary>
    public Variable Loss(Tape tape)
    {
        Variable distance = tape.Scale(Logits(tape), 1, -1);
        return tape.Sum(tape.Multiply(distance, distance));
    }

    public void Dispose() => Network.Parameters.Dispose();
}
