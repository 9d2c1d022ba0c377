namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>A loss became NaN or infinite. The weights are those before the step.</summary>
public sealed class NonFiniteLossException(long step, string term, double value)
    : ArithmeticException($"step {step}: the {term} is {value}; lower optimizer.learning_rate or check the intensities (the weights of the step before are kept)")
{
    public long Step { get; } = step;
}
