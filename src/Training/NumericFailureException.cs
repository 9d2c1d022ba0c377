namespace UnpairedSegEngine.Training;

/// <summary>Numbers of a run became NaN or infinite.</summary>
public class NumericFailureException(string message) : ArithmeticException(message);
