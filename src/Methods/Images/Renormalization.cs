using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>Images that are normalized for one network, as another one expects them.</summary>
internal sealed class Renormalization : IDisposable
{
    private readonly Tensor? scale,
        offset;

    /// <param name="device">Where the images lie.</param>
    /// <param name="images">How they are normalized.</param>
    /// <param name="own">How they are to be.</param>
    public Renormalization(Device device, PixelNormalization images, PixelNormalization own)
    {
        if (own.Mean.SequenceEqual(images.Mean) && own.Deviation.SequenceEqual(images.Deviation))
            return;
        scale = Channels(c => images.Deviation[c] / own.Deviation[c]);
        offset = Channels(c => (images.Mean[c] - own.Mean[c]) / own.Deviation[c]);

        Tensor Channels(Func<int, double> value)
        {
            float[] values = [.. own.Mean.Select((_, c) => (float)value(c))];
            return Tensor.From<float>(device, new Shape(values.Length), values).Detach();
        }
    }

    /// <summary>The images themselves where nothing is to be changed.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="images">(images, 1, height, width, channels).</param>
    public Variable Apply(Tape tape, Variable images) =>
        scale is null ? images : tape.Add(tape.Multiply(images, tape.Input(scale)), tape.Input(offset!));

    public void Dispose()
    {
        scale?.Dispose();
        offset?.Dispose();
    }
}
