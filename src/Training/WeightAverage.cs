using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training;

/// <summary>
/// Running means of a network's parameters and running statistics over the steps: noise of single steps is averaged away, which
/// validations and predictions gain from (Polyak and Juditsky 1992; Tarvainen and Valpola 2017, arXiv:1703.01780). After n steps
/// a mean is sum_i decay^(n - i) w_i / sum_i decay^(n - i); initial weights, which are noise, are no part of it.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly Backend backend;
    private readonly IReadOnlyList<Parameter> parameters;
    private readonly double decay;
    private readonly int rateSlot;
    private readonly Tensor[] means,
        scratch;

    /// <param name="backend">Computes.</param>
    /// <param name="store">What is averaged; the means begin as its present values.</param>
    /// <param name="decay">Weight of a step's values, relative to the next step's, above 0 and below 1.</param>
    /// <param name="rateSlot">See <see cref="AdamSettings.RateSlot"/>.</param>
    public WeightAverage(Backend backend, ParameterStore store, double decay, int rateSlot)
    {
        (this.backend, parameters, this.decay, this.rateSlot) = (backend, store.All, decay, rateSlot);
        means = [.. parameters.Select(AllocateLike)];
        scratch = [.. parameters.Select(AllocateLike)];

        // The descent below multiplies it by 0.
        foreach (Tensor tensor in scratch)
            backend.Fill(tensor, 0);
        Begin();
    }

    /// <summary>The means by the names of the parameters.</summary>
    public IEnumerable<(string Name, Tensor Value)> Means => parameters.Zip(means, (parameter, mean) => (parameter.Name, mean));

    /// <summary>Memory, in bytes.</summary>
    public long Bytes => means.Concat(scratch).Sum(tensor => tensor.Bytes);

    /// <summary>The means are the present values.</summary>
    public void Begin() => Copy(parameters.Select(parameter => parameter.Value), means);

    /// <summary>
    /// The rate of a step of descent that takes in its values: minus how far the means go towards them, which is all the way in
    /// the first step.
    /// </summary>
    /// <param name="step">Number of the step, from 1.</param>
    public double RateOf(long step) => -(1 - decay) / (1 - Math.Pow(decay, step));

    /// <summary>
    /// Takes in the values of a step: mean -= rate (w - mean), a step of descent with the gradient w and a weight decay of -1.
    /// So one launch does it for many tensors, and a recorded step is given the rate anew.
    /// </summary>
    /// <param name="step">Number of the step, from 1.</param>
    public void Add(long step)
    {
        var settings = new SgdSettings(RateOf(step), Momentum: 0, WeightDecay: -1, Nesterov: false, rateSlot);
        backend.Sgd([.. parameters.Select((parameter, i) => new SgdUpdate(settings, means[i], parameter.Value, scratch[i]))]);
    }

    /// <summary>Has the network use its means until the result is disposed, which brings back its own bits.</summary>
    public IDisposable Use()
    {
        Copy(parameters.Select(parameter => parameter.Value), scratch);
        Copy(means, parameters.Select(parameter => parameter.Value));
        return new Return(this);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in means.Concat(scratch))
            tensor.Dispose();
    }

    private static Tensor AllocateLike(Parameter parameter) =>
        Tensor.Allocate(parameter.Value.Device, parameter.Value.Shape, parameter.Value.DType).Detach();

    private void Copy(IEnumerable<Tensor> from, IEnumerable<Tensor> to)
    {
        // Adding -0 leaves the sign of a zero, too.
        foreach ((Tensor source, Tensor target) in from.Zip(to))
            backend.Affine(source, 1, -0.0, target);
    }

    private sealed class Return(WeightAverage average) : IDisposable
    {
        public void Dispose() => average.Copy(average.scratch, average.parameters.Select(parameter => parameter.Value));
    }
}
