namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Statistics of features as outputs, which losses and style transfer read.</summary>
public static class Moments
{
    /// <summary>
    /// Mean and biased variance of each sample's channels over its positions, each (samples, channels). Huang and Belongie 2017,
    /// arXiv:1703.06868.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="x">(samples, positions..., channels).</param>
    /// <exception cref="ArgumentException">x has no positions.</exception>
    public static (Variable Mean, Variable Variance) InstanceMoments(this Tape tape, Variable x)
    {
        int axes = x.Shape.Rank - 2;
        if (axes < 1)
            throw new ArgumentException($"instance moments need (samples, positions..., channels), not {x.Shape}");
        Variable mean = tape.Mean(x, 1, axes),
            centred = tape.Subtract(x, tape.Broadcast(mean, x.Shape, 1, axes));
        return (mean, tape.Mean(tape.Multiply(centred, centred), 1, axes));
    }
}
