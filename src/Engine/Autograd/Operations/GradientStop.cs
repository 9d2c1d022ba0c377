namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>The border of what a loss trains.</summary>
public static class GradientStop
{
    /// <summary>x as a constant: the same memory, through which no gradient flows.</summary>
    public static Variable StopGradient(this Tape tape, Variable x) => tape.Input(x.Value.Reshape(x.Shape));
}
