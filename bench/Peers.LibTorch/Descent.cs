using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Backward pass and update as TorchSharp does them fastest.</summary>
internal static class Descent
{
    /// <summary>Changes parameters so that a loss falls.</summary>
    /// <param name="optimizer">Of the parameters.</param>
    /// <param name="parameters">Have no gradients when this returns.</param>
    /// <param name="computeLoss">
    /// Nothing but the gradients is left of what it computes: native memory would otherwise wait for the garbage collector, which
    /// does not see it.
    /// </param>
    /// <exception cref="InvalidOperationException">The loss is not finite.</exception>
    public static void Step(optim.Optimizer optimizer, PeerParameters parameters, Func<Tensor> computeLoss)
    {
        float loss = Backward(computeLoss);
        if (!float.IsFinite(loss))
            throw new InvalidOperationException($"the loss is {loss}");
        optimizer.step();
        Clear(parameters);

        // TorchSharp's Adam leaves twice the size of the parameters to finalizers, at every step: without this the peer would
        // only grow larger and slower.
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    /// <summary>As zero_grad does by default in Python; TorchSharp's keeps the gradients and fills them with zeros.</summary>
    public static void Clear(PeerParameters parameters)
    {
        foreach (Parameter parameter in parameters.All)
            parameter.grad = null;
    }

    private static float Backward(Func<Tensor> computeLoss)
    {
        using var scope = NewDisposeScope();
        Tensor loss = computeLoss();
        loss.backward();
        return loss.item<float>();
    }
}
