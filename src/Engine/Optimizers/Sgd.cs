using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Optimizers;

/// <summary>
/// Stochastic gradient descent with momentum and weight decay in PyTorch's form (see <see cref="SgdSettings"/>).
/// </summary>
public sealed class Sgd : Optimizer
{
    private readonly Tensor[] velocities;

    /// <summary>Of some tensors.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="targets">What is updated.</param>
    /// <param name="momentum">Decay of the velocity.</param>
    /// <param name="weightDecay">Weight of the sum of ||w||^2 / 2 over the decayed tensors.</param>
    /// <param name="nesterov">Whether the gradient is that of the step ahead.</param>
    public Sgd(
        Backend backend,
        IEnumerable<OptimizedTensor> targets,
        double momentum = 0.9,
        double weightDecay = 0,
        bool nesterov = false
    )
        : base(backend, targets)
    {
        (Momentum, WeightDecay, Nesterov) = (momentum, weightDecay, nesterov);
        velocities = [.. Targets.Select(target => ZerosLike(target.Value))];
    }

    /// <summary>Of all trained parameters of a network; weight decay applies to its kernels.</summary>
    public Sgd(Backend backend, ParameterStore store, double momentum = 0.9, double weightDecay = 0, bool nesterov = false)
        : base(backend, store)
    {
        (Momentum, WeightDecay, Nesterov) = (momentum, weightDecay, nesterov);
        velocities = [.. Targets.Select(target => ZerosLike(target.Value))];
    }

    /// <summary>Decay of the velocity.</summary>
    public double Momentum { get; }

    /// <summary>Weight of the sum of ||w||^2 / 2 over the decayed tensors.</summary>
    public double WeightDecay { get; }

    /// <summary>Whether the gradient is that of the step ahead.</summary>
    public bool Nesterov { get; }

    /// <summary>Velocities by checkpoint name: "name.velocity".</summary>
    public override IEnumerable<(string Name, Tensor Value)> State =>
        Targets.Zip(velocities, (target, velocity) => ($"{target.Name}.velocity", velocity));

    /// <summary>The learning rate itself.</summary>
    public override double RateOf(long step, double learningRate) => learningRate;

    /// <inheritdoc/>
    public override void Step(long step, double learningRate, IEnumerable<Tensor?> gradients)
    {
        List<SgdUpdate> updates = [];
        foreach ((int i, Tensor? gradient) in gradients.Index())
        {
            if (gradient is not null)
                updates.Add(UpdateOf(learningRate, i, gradient));
        }

        Backend.Sgd(updates);
    }

    /// <inheritdoc/>
    public override void Step(long step, double learningRate, int target, Tensor gradient) =>
        Backend.Sgd([UpdateOf(learningRate, target, gradient)]);

    private SgdUpdate UpdateOf(double rate, int i, Tensor gradient) =>
        new(
            new SgdSettings(rate, Momentum, Targets[i].IsDecayed ? WeightDecay : 0, Nesterov, RateSlot),
            Targets[i].Value,
            gradient,
            velocities[i]
        );
}
