using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>
/// Which image of its batch a region is of. A sample does not know its place in the batch, so its regions come without; the
/// numbers are the same for every batch of one size, and stay on the device.
/// </summary>
/// <param name="device">Where they lie.</param>
internal sealed class ImageNumbers(Device device) : IDisposable
{
    private readonly Dictionary<Shape, Tensor> known = [];

    /// <summary>The regions of a batch.</summary>
    /// <param name="tape">Computes; its tensors hold the corners.</param>
    /// <param name="batch">Of <see cref="ImageSamples.WithProposals"/>.</param>
    /// <param name="corners">Name of the corners among its tensors.</param>
    public RegionBatch Of(Tape tape, DeviceBatch batch, string corners = ImageSamples.Regions) =>
        Of(tape, batch[corners], batch[ImageSamples.RegionScores], batch[ImageSamples.RegionMask]);

    /// <summary>The same of tensors.</summary>
    /// <param name="tape">Computes; its tensors hold the corners.</param>
    /// <param name="corners">(images, regions, 5), whose first numbers are 0.</param>
    /// <param name="scores">(images, regions).</param>
    /// <param name="mask">(images, regions).</param>
    public RegionBatch Of(Tape tape, Tensor corners, Tensor scores, Tensor mask)
    {
        Shape shape = corners.Shape;
        if (!known.TryGetValue(shape, out Tensor? numbers))
            known.Add(shape, numbers = Numbers(shape));
        int regions = shape[0] * shape[1];
        Variable placed = tape.Add(tape.Input(corners), tape.Input(numbers));
        return new RegionBatch(placed.Value.Reshape(new Shape(regions, shape[2])), scores.Reshape(new Shape(regions)), mask);
    }

    public void Dispose()
    {
        foreach (Tensor numbers in known.Values)
            numbers.Dispose();
    }

    private Tensor Numbers(Shape shape)
    {
        var numbers = new float[shape.Count];
        int ofImage = shape[1] * shape[2];
        for (int i = 0; i < numbers.Length; i += shape[2])
            numbers[i] = i / ofImage;
        return Tensor.From<float>(device, shape, numbers).Detach();
    }
}
