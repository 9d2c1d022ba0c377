using System.Diagnostics.CodeAnalysis;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// bfloat16 tensors as float32 around an operation whose kernels do not take them: what it reads is converted before, what it
/// wrote is rounded by <see cref="Store"/>. So values are rounded where they are stored and nowhere else, whatever computes them.
/// Tensors of other types, and all where the kernels take bfloat16, pass through.
/// </summary>
/// <param name="singles">Computes in float32, and converts.</param>
/// <param name="taken">Whether its kernels take bfloat16.</param>
internal sealed class Widening(Backend singles, bool taken) : IDisposable
{
    /// <param name="singles">Computes in float32, and converts.</param>
    public Widening(Backend singles)
        : this(singles, singles.TakesBFloat16) { }

    private readonly List<Tensor> wides = [];
    private readonly List<(Tensor Wide, Tensor Stored)> results = [];

    /// <summary>What the operation reads.</summary>
    public Tensor Read(Tensor stored)
    {
        Tensor wide = Allocate(stored);
        if (wide != stored)
            singles.Convert(stored, wide);
        return wide;
    }

    /// <summary>What it overwrites.</summary>
    [return: NotNullIfNotNull(nameof(stored))]
    public Tensor? Write(Tensor? stored)
    {
        if (stored is null)
            return null;
        Tensor wide = Allocate(stored);
        if (wide != stored)
            results.Add((wide, stored));
        return wide;
    }

    /// <summary>What it changes in place.</summary>
    public Tensor Update(Tensor stored)
    {
        Tensor wide = Read(stored);
        if (wide != stored)
            results.Add((wide, stored));
        return wide;
    }

    /// <summary>Rounds what was written to where it is kept.</summary>
    public void Store()
    {
        foreach ((Tensor wide, Tensor stored) in results)
            singles.Convert(wide, stored);
    }

    public void Dispose()
    {
        foreach (Tensor wide in wides)
            wide.Dispose();
    }

    private Tensor Allocate(Tensor stored)
    {
        if (stored.DType != DType.BFloat16 || taken)
            return stored;
        Tensor wide = Tensor.Allocate(stored.Device, stored.Shape, DType.Float32).Detach();
        wides.Add(wide);
        return wide;
    }
}
