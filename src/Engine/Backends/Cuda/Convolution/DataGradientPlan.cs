namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>The gathers of a gradient for the input, chosen by shape alone.</summary>
/// <param name="Gathers">Of the gradient with zero padding, one per residue of the stride.</param>
/// <param name="IsComplete">Whether they cover every element; the others are zero.</param>
/// <param name="Border">What symmetric padding adds to it.</param>
internal sealed record DataGradientPlan(
    IReadOnlyList<(GatherShape Shape, GatherPlan Plan)> Gathers,
    bool IsComplete,
    MirroredBorder? Border
)
{
    /// <summary>The positions of the gradient's operand that the gathers would copy; null where none can.</summary>
    public OperandBox? Operand => OperandBox.Join([.. Gathers.Select(gather => gather.Plan.OperandOf(gather.Shape))]);

    /// <summary>Whether all gathers read an output's gradient that is stored as bfloat16.</summary>
    public bool ReadsBFloat16 =>
        Gathers.All(gather => gather.Plan.Family.ReadsBFloat16(gather.Shape.Channels))
        && Border?.Strips.Zip(Border.Plans).All(strip => strip.Second!.Family.ReadsBFloat16(strip.First.Channels)) != false;

    /// <summary>
    /// Whether they can store it as bfloat16. What a border adds is added to what is not rounded yet.
    /// </summary>
    public bool WritesBFloat16 =>
        Border is null && Gathers.All(gather => gather.Plan.Family.WritesBFloat16(gather.Shape.Outputs));

    /// <summary>The fastest plan for each gather, or null where one has none.</summary>
    /// <param name="problem">The convolution.</param>
    /// <param name="precision">Of the products.</param>
    /// <param name="warpgroups">Whether the device has Hopper's instructions.</param>
    public static DataGradientPlan? Choose(ConvolutionProblem problem, ConvolutionPrecision precision, bool warpgroups)
    {
        GatherShape[] shapes = GatherShape.BackwardData(problem with { Padding = PaddingMode.Zero }, out bool isComplete);
        var gathers = new List<(GatherShape, GatherPlan)>();
        foreach (GatherShape shape in shapes)
        {
            if (GatherPlan.Choose(shape, precision, warpgroups) is not { } plan)
                return null;
            gathers.Add((shape, plan));
        }

        MirroredBorder? border = problem.Padding == PaddingMode.Symmetric ? MirroredBorder.Of(problem, precision) : null;
        return border?.Plans.Contains(null) == true ? null : new DataGradientPlan(gathers, isComplete, border);
    }
}
