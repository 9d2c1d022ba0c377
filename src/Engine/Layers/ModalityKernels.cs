using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>
/// The kernel (and bias) of a convolution: one for all modalities, or a copy for each, as its store's
/// <see cref="ParameterSharing"/> has it.
/// </summary>
internal sealed class ModalityKernels
{
    private readonly string name;
    private readonly (Parameter Kernel, Parameter? Bias)[] copies;

    public ModalityKernels(ParameterStore store, string name, Shape shape, Initializer initializer, int biases = 0)
    {
        this.name = name;
        int count = store.Sharing?.KernelCopies(name) ?? 1;
        copies =
        [
            .. Enumerable
                .Range(0, count)
                .Select(copy =>
                {
                    string owner = count == 1 ? name : $"{name}.m{copy}";
                    Parameter kernel = store.Create($"{owner}.kernel", shape, ParameterKind.Kernel, initializer);
                    return (
                        kernel,
                        biases > 0
                            ? store.Create($"{owner}.bias", new Shape(biases), ParameterKind.Bias, Initializer.Zeros)
                            : null
                    );
                }),
        ];
    }

    public Shape Shape => copies[0].Kernel.Value.Shape;

    /// <summary>The kernel and bias for all samples of a batch; null where its modalities have different ones.</summary>
    public (Variable Kernel, Variable? Bias)? ForAll(ForwardContext context) =>
        copies.Length == 1 ? Of(0)
        : context.RequireModality(name).Runs() is [var run] ? Of(run.Modality)
        : null;

    /// <summary>Each modality's samples by its own kernel, put together again.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="x">All samples.</param>
    /// <param name="convolve">Of some samples, by a kernel and a bias.</param>
    public Variable Apply(ForwardContext context, Variable x, Func<Variable, Variable, Variable?, Variable> convolve)
    {
        Tape tape = context.Tape;
        if (ForAll(context) is var (kernel, bias))
            return convolve(x, kernel, bias);
        Variable[] parts =
        [
            .. context
                .RequireModality(name)
                .Runs()
                .Select(run =>
                {
                    Variable samples = tape.Slice(x, 0, run.First, run.Count);
                    (Variable own, Variable? ownBias) = Of(run.Modality);
                    Variable y = convolve(samples, own, ownBias);
                    Tape.Release(samples);
                    return y;
                }),
        ];
        Variable joined = tape.Concat(0, parts);
        foreach (Variable part in parts)
            Tape.Release(part);
        return joined;
    }

    private (Variable Kernel, Variable? Bias) Of(int copy) => (copies[copy].Kernel.Variable, copies[copy].Bias?.Variable);
}
