using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training;

/// <summary>
/// A backward pass and the updates by its gradients. Where the backend gains nothing from updating all parameters at once, each
/// gradient is used and freed when it is complete: the gradients of all parameters never live together, unless one optimizer
/// clips their norm.
/// </summary>
public sealed class ParameterUpdate
{
    private readonly Backend backend;
    private readonly IReadOnlyList<ModuleOptimizer> optimizers;
    private readonly Dictionary<Variable, (ModuleOptimizer Optimizer, int Place)> places;
    private readonly bool together;

    /// <param name="backend">Computes.</param>
    /// <param name="optimizers">Of different parameters; gradients of parameters that none of them has are dropped.</param>
    public ParameterUpdate(Backend backend, params IReadOnlyList<ModuleOptimizer> optimizers)
    {
        (this.backend, this.optimizers) = (backend, optimizers);
        together = backend.UpdatesTogether || optimizers.Any(optimizer => optimizer.Clip > 0);
        places = (
            from optimizer in optimizers
            from trained in optimizer.Trained.Index()
            select (trained.Item.Variable, Place: (optimizer, trained.Index))
        ).ToDictionary(entry => entry.Variable, entry => entry.Place);
    }

    /// <summary>By the gradients of a loss.</summary>
    /// <param name="tape">Recorded what led to it.</param>
    /// <param name="loss">One element.</param>
    /// <param name="step">Number of the step, from 1.</param>
    public void Run(Tape tape, Variable loss, long step)
    {
        Tensor one = tape.Allocate(loss.Shape, loss.DType);
        backend.Fill(one, 1);
        Run(tape, loss, one, step);
    }

    /// <summary>By the gradients of an output whose own gradient is given.</summary>
    /// <param name="tape">Recorded what led to the output.</param>
    /// <param name="output">What is differentiated.</param>
    /// <param name="gradient">Of the output; freed.</param>
    /// <param name="step">Number of the step, from 1.</param>
    public void Run(Tape tape, Variable output, Tensor gradient, long step)
    {
        try
        {
            if (!together)
            {
                tape.Backward(output, gradient, parameter => Update(parameter, step));
                return;
            }

            tape.Backward(output, gradient);
            foreach (ModuleOptimizer optimizer in optimizers)
                Update(optimizer, step);
        }
        finally
        {
            foreach (Variable parameter in places.Keys)
                parameter.ClearGradient();
        }
    }

    private void Update(ModuleOptimizer optimizer, long step)
    {
        Tensor?[] gradients = [.. optimizer.Trained.Select(parameter => parameter.Variable.Gradient)];
        if (optimizer.Clip == 0)
        {
            optimizer.Optimizer.Step(step, optimizer.RateOf(step), gradients);
            return;
        }

        using TensorScope scope = TensorScope.Open(backend.Device);
        optimizer.Optimizer.Step(step, optimizer.RateOf(step), GradientClipping.ByNorm(backend, gradients, optimizer.Clip));
    }

    private void Update(Variable parameter, long step)
    {
        if (places.TryGetValue(parameter, out (ModuleOptimizer Optimizer, int Place) entry))
            entry.Optimizer.Optimizer.Step(step, entry.Optimizer.RateOf(step), entry.Place, parameter.Gradient!);
        parameter.ClearGradient();
    }
}
