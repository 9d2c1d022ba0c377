using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>All parameters of a network, in the order its layers made them. Owns their memory.</summary>
/// <param name="device">Where the parameters live.</param>
/// <param name="type">float32 or float64.</param>
/// <param name="seed">Seeds the initial values.</param>
/// <param name="sharing">What the modalities share; all kernels, and normalizations as each layer's settings say, if not
/// given.</param>
public sealed class ParameterStore(Device device, DType type, ulong seed, ParameterSharing? sharing = null) : IDisposable
{
    // Initial values pass through a small array: one of the largest kernel's size would stay with the garbage collector for the
    // whole run.
    private const int PieceElements = 1 << 18;

    private readonly Dictionary<string, Parameter> byName = [];
    private readonly List<Parameter> parameters = [];
    private readonly List<IDisposable> owned = [];

    /// <summary>In the order in which they were made.</summary>
    public IReadOnlyList<Parameter> All => parameters;

    /// <summary>Those that optimizers update.</summary>
    public IEnumerable<Parameter> Trainable => parameters.Where(parameter => parameter.IsTrainable);

    /// <summary>Element type of all parameters.</summary>
    public DType DType => type;

    /// <summary>Where the parameters live.</summary>
    public Device Device => device;

    /// <summary>What the modalities share; null if each layer decides.</summary>
    public ParameterSharing? Sharing => sharing;

    /// <exception cref="KeyNotFoundException">There is no parameter of this name.</exception>
    public Parameter this[string name] =>
        byName.TryGetValue(name, out Parameter? parameter)
            ? parameter
            : throw new KeyNotFoundException($"the network has no parameter '{name}'");

    /// <summary>Makes a parameter. Names are paths such as "g3.rb1.conv1.kernel".</summary>
    public Parameter Create(string name, Shape shape, ParameterKind kind, Initializer initializer)
    {
        Tensor value = Tensor.Allocate(device, shape, type).Detach();
        if (device.HasMemory)
            Fill(value, name, initializer);
        var parameter = new Parameter(name, kind, new Variable(value, requiresGradient: kind != ParameterKind.Statistic));
        byName.Add(name, parameter);
        parameters.Add(parameter);
        return parameter;
    }

    /// <summary>Takes what a layer keeps on the device beside its parameters: it is freed with them.</summary>
    public T Own<T>(T kept)
        where T : IDisposable
    {
        owned.Add(kept);
        return kept;
    }

    /// <summary>Number of elements of the given kinds, or of all trainable ones.</summary>
    public long Count(params ParameterKind[] kinds) =>
        parameters.Where(p => kinds.Length == 0 ? p.IsTrainable : kinds.Contains(p.Kind)).Sum(p => p.Value.Count);

    /// <summary>Frees the gradients of all parameters.</summary>
    public void ClearGradients()
    {
        foreach (Parameter parameter in parameters)
            parameter.Variable.ClearGradient();
    }

    /// <summary>Frees all parameters, their gradients, and what layers keep beside them.</summary>
    public void Dispose()
    {
        ClearGradients();
        owned.ForEach(kept => kept.Dispose());
        foreach (Parameter parameter in parameters)
            parameter.Value.Dispose();
    }

    private void Fill(Tensor value, string name, Initializer initializer)
    {
        var piece = new float[Math.Min(value.Count, PieceElements)];
        for (long first = 0; first < value.Count; first += piece.Length)
        {
            Memory<float> values = piece.AsMemory(0, (int)Math.Min(piece.Length, value.Count - first));
            initializer.Fill(values, first, seed, name);
            if (type == DType.Float64)
                value.Load<double>(Array.ConvertAll(values.ToArray(), v => (double)v), first);
            else
                value.Load<float>(values.Span, first);
        }
    }
}
