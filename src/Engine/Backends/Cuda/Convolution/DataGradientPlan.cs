namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>The gathers of a gradient for the input, chosen by shape alone.</summary>
/// <param name="Image">The convolution without padding of its own: of the image that symmetric padding makes.</param>
/// <param name="Gathers">One per residue of the stride.</param>
/// <param name="IsComplete">Whether they cover every element; the others are zero.</param>
internal sealed record DataGradientPlan(
    ConvolutionProblem Image,
    IReadOnlyList<(GatherShape Shape, GatherPlan Plan)> Gathers,
    bool IsComplete
)
{
    /// <summary>The positions of the gradient's operand that the gathers would copy; null where none can.</summary>
    public OperandBox? Operand => OperandBox.Join([.. Gathers.Select(gather => gather.Plan.OperandOf(gather.Shape))]);

    /// <summary>The fastest plan for each gather, or null where one has none.</summary>
    /// <param name="problem">The convolution.</param>
    /// <param name="precision">Of the products.</param>
    /// <param name="warpgroups">Whether the device has Hopper's instructions.</param>
    public static DataGradientPlan? Choose(ConvolutionProblem problem, ConvolutionPrecision precision, bool warpgroups)
    {
        ConvolutionProblem image = problem.Padding == PaddingMode.Symmetric ? Padded(problem) : problem;
        GatherShape[] shapes = GatherShape.BackwardData(image, out bool isComplete);
        var gathers = new List<(GatherShape, GatherPlan)>();
        foreach (GatherShape shape in shapes)
        {
            if (GatherPlan.Choose(shape, precision, warpgroups) is not { } plan)
                return null;
            gathers.Add((shape, plan));
        }

        return new DataGradientPlan(image, gathers, isComplete);
    }

    private static ConvolutionProblem Padded(ConvolutionProblem problem) =>
        problem with
        {
            Input = Size3.Map(a => problem.Input[a] + problem.PadBefore[a] + problem.PadAfter[a]),
            PadBefore = Size3.Zero,
            PadAfter = Size3.Zero,
            Padding = PaddingMode.Zero,
        };
}
