namespace UnpairedSegEngine.Training;

/// <summary>A loss became NaN or infinite. Nothing of the step took effect.</summary>
/// <param name="step">Number of the step.</param>
/// <param name="term">Which part of the loss.</param>
/// <param name="value">Its value.</param>
/// <param name="circumstances">What else is known: the batch, and how to go on.</param>
public sealed class NonFiniteLossException(long step, string term, double value, string circumstances = "")
    : NumericFailureException($"step {step}: the {term} is {value}{circumstances}")
{
    /// <summary>Number of the step.</summary>
    public long Step { get; } = step;

    /// <summary>The same, with what the caller knows of it.</summary>
    public NonFiniteLossException With(string known) => new(Step, term, value, $"{circumstances}; {known}");
}
