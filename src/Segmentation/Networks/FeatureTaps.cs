using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>Stages of a network whose results a forward pass is to leave. One serves one pass.</summary>
/// <param name="stages">Of the network.</param>
public sealed class FeatureTaps(params IReadOnlyList<NetworkStage> stages)
{
    private readonly Dictionary<NetworkStage, StageOutput> outputs = [];

    /// <summary>
    /// What a stage left. Its features are to be released by whoever asked for them (<see cref="Tape.Release"/>).
    /// </summary>
    /// <exception cref="KeyNotFoundException">The stage was not asked for, or the pass did not reach it.</exception>
    public StageOutput this[NetworkStage stage] =>
        outputs.TryGetValue(stage, out StageOutput? output)
            ? output
            : throw new KeyNotFoundException($"stage {stage.Name} was not tapped; ask for it before the forward pass");

    /// <summary>Whether a stage's result is to be left.</summary>
    internal bool Wants(NetworkStage stage) => stages.Contains(stage);

    /// <summary>Whether a variable is the result of a stage that was asked for, or what later stages need beside it.</summary>
    internal bool Holds(Variable variable) =>
        outputs.Values.Any(output => output.Features == variable || output.Skips.Any(skip => skip.X == variable));

    internal void Leave(NetworkStage stage, Variable features, IReadOnlyList<ConvolutionPart> skips) =>
        outputs[stage] = new StageOutput(stage, features) { Skips = skips };
}
