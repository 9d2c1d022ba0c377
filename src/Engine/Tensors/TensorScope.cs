using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Tensors;

/// <summary>
/// Owns the tensors that are allocated on a device while it is open, and frees them when it closes: one scope per training step.
/// Scopes nest; <see cref="Tensor.Keep"/> hands a tensor to the enclosing scope.
/// </summary>
public sealed class TensorScope : IDisposable
{
    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<Device, Holder> Current = [];

    private readonly Device device;
    private readonly List<Tensor> tensors = [];

    private TensorScope(Device device, TensorScope? parent)
    {
        this.device = device;
        Parent = parent;
    }

    internal TensorScope? Parent { get; }

    /// <summary>Opens a scope for what follows on this device.</summary>
    public static TensorScope Open(Device device)
    {
        Holder holder = Current.GetOrCreateValue(device);
        return holder.Scope = new TensorScope(device, holder.Scope);
    }

    /// <summary>Frees every tensor that was allocated inside and not kept.</summary>
    public void Dispose()
    {
        Holder holder = Current.GetOrCreateValue(device);
        if (holder.Scope != this)
            throw new InvalidOperationException("tensor scopes must close in the reverse order of their opening");
        holder.Scope = Parent;
        foreach (Tensor tensor in tensors)
        {
            if (tensor.Owner == this)
                tensor.Dispose();
        }
    }

    internal static void Adopt(Tensor tensor)
    {
        if (Current.TryGetValue(tensor.Device, out Holder? holder) && holder.Scope is { } scope)
            scope.Add(tensor);
    }

    internal void Add(Tensor tensor)
    {
        tensor.Owner = this;
        tensors.Add(tensor);
    }

    private sealed class Holder
    {
        public TensorScope? Scope { get; set; }
    }
}
