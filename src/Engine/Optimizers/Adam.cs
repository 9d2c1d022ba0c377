using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Optimizers;

/// <summary>
/// Adam in TensorFlow's form (see <see cref="AdamSettings"/>) with its moments. Kingma and Ba 2015, arXiv:1412.6980.
/// </summary>
public sealed class Adam : Optimizer
{
    private readonly (Tensor First, Tensor Second)[] moments;

    /// <summary>Of some tensors.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="targets">What is updated.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    /// <param name="l2">Weight of the sum of ||w||^2 / 2 over the decayed tensors.</param>
    public Adam(
        Backend backend,
        IEnumerable<OptimizedTensor> targets,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double l2 = 0
    )
        : base(backend, targets)
    {
        (Beta1, Beta2, Epsilon, L2) = (beta1, beta2, epsilon, l2);
        moments = [.. Targets.Select(target => (ZerosLike(target.Value), ZerosLike(target.Value)))];
    }

    /// <summary>Of all trained parameters of a network; L2 applies to its kernels.</summary>
    public Adam(
        Backend backend,
        ParameterStore store,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double l2 = 0
    )
        : base(backend, store)
    {
        (Beta1, Beta2, Epsilon, L2) = (beta1, beta2, epsilon, l2);
        moments = [.. Targets.Select(target => (ZerosLike(target.Value), ZerosLike(target.Value)))];
    }

    /// <summary>Decay of the first moment.</summary>
    public double Beta1 { get; }

    /// <summary>Decay of the second moment.</summary>
    public double Beta2 { get; }

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; }

    /// <summary>Weight of the sum of ||w||^2 / 2 over the decayed tensors.</summary>
    public double L2 { get; }

    /// <summary>Moments by checkpoint name: "name.m" and "name.v".</summary>
    public override IEnumerable<(string Name, Tensor Value)> State =>
        Targets
            .Zip(moments)
            .SelectMany(pair =>
                new[] { ($"{pair.First.Name}.m", pair.Second.First), ($"{pair.First.Name}.v", pair.Second.Second) }
            );

    /// <summary>The learning rate with the bias corrections of that update, as <see cref="AdamSettings.Rate"/>.</summary>
    public override double RateOf(long step, double learningRate) =>
        learningRate * Math.Sqrt(1 - Math.Pow(Beta2, step)) / (1 - Math.Pow(Beta1, step));

    /// <summary>One update.</summary>
    /// <param name="step">Number of this update, from 1.</param>
    /// <param name="learningRate">Before bias correction.</param>
    /// <param name="gradients">One per target, in their order; a target without a gradient stays as it is.</param>
    public override void Step(long step, double learningRate, IEnumerable<Tensor?> gradients)
    {
        double rate = RateOf(step, learningRate);
        List<AdamUpdate> updates = [];
        foreach ((Tensor? gradient, int i) in gradients.Select((gradient, i) => (gradient, i)))
        {
            if (gradient is not null)
                updates.Add(UpdateOf(rate, i, gradient));
        }

        Backend.Adam(updates);
    }

    /// <summary>The part of an update that is one target's; each may come once in a step.</summary>
    /// <param name="step">Number of this update, from 1.</param>
    /// <param name="learningRate">Before bias correction.</param>
    /// <param name="target">Its place in the optimizer's order.</param>
    /// <param name="gradient">Its gradient.</param>
    public override void Step(long step, double learningRate, int target, Tensor gradient) =>
        Backend.Adam([UpdateOf(RateOf(step, learningRate), target, gradient)]);

    private AdamUpdate UpdateOf(double rate, int i, Tensor gradient) =>
        new(
            new AdamSettings(rate, Beta1, Beta2, Epsilon, Targets[i].IsDecayed ? L2 : 0, RateSlot),
            Targets[i].Value,
            gradient,
            moments[i].First,
            moments[i].Second
        );
}
