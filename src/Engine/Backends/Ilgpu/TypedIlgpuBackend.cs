using ILGPU;
using UnpairedSegEngine.Tensors;
using Device = UnpairedSegEngine.Devices.Device;

namespace UnpairedSegEngine.Backends.Ilgpu;

/// <summary>
/// The operations for one element type, one file each. Arguments have been checked by <see cref="CheckedBackend"/>. Sums are cut
/// into chunks by shape alone and
/// added in order: results do not depend on the device's number of threads.
/// </summary>
internal partial class TypedIlgpuBackend<T, TElement>(Device device) : Backend(device)
    where T : unmanaged
    where TElement : struct, IElement<T>
{
    private readonly KernelLauncher launcher = new(device);
    private readonly Dictionary<ModalityIndex, Tensor> modalities = [];

    public override string Description => $"ilgpu {typeof(T).Name}";

    public override void Dispose()
    {
        foreach (Tensor index in modalities.Values)
            index.Dispose();
        modalities.Clear();
        base.Dispose();
    }

    /// <summary>The index in device memory, uploaded once for every distinct one.</summary>
    protected Tensor OnDevice(ModalityIndex index)
    {
        if (modalities.TryGetValue(index, out Tensor? tensor))
            return tensor;
        int[] ofSample = [.. Enumerable.Range(0, index.Samples).Select(sample => index[sample])];
        return modalities[index] = Tensor.From<int>(Device, new Shape(index.Samples), ofSample).Detach();
    }

    /// <summary>Device memory for the time of one operation.</summary>
    private Tensor Scratch(long count, DType type = DType.Float64) =>
        Tensor.Allocate(Device, new Shape(checked((int)count)), type).Detach();

    private static ArrayView<T> ViewOrEmpty(Tensor? tensor) => tensor is null ? default : tensor.View<T>();
}
