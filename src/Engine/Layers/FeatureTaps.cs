using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;

namespace UnpairedSegEngine.Layers;

/// <summary>Stages of a network whose results a forward pass is to leave. One serves one pass.</summary>
/// <param name="stages">Of the network.</param>
public sealed class FeatureTaps(params IReadOnlyList<NetworkStage> stages)
{
    private readonly Dictionary<NetworkStage, StageOutput> outputs = [];

    /// <summary>
    /// What the network goes on with behind a stage that was asked for, in the place of its result: a variable of the same shape.
    /// The result itself if not given.
    /// </summary>
    public Func<NetworkStage, Variable, Variable>? Change { get; init; }

    /// <summary>
    /// What a stage left. Its features are to be released by whoever asked for them (<see cref="Tape.Release"/>).
    /// </summary>
    /// <exception cref="KeyNotFoundException">The stage was not asked for, or the pass did not reach it.</exception>
    public StageOutput this[NetworkStage stage] =>
        outputs.TryGetValue(stage, out StageOutput? output)
            ? output
            : throw new KeyNotFoundException($"stage {stage.Name} was not tapped; ask for it before the forward pass");

    /// <summary>Whether a stage's result is to be left.</summary>
    public bool Wants(NetworkStage stage) => stages.Contains(stage);

    /// <summary>Whether a variable is the result of a stage that was asked for, or what later stages need beside it.</summary>
    public bool Holds(Variable variable) =>
        outputs.Values.Any(output => output.Features == variable || output.Skips.Any(skip => skip.X == variable));

    /// <summary>Called by networks: what a stage left.</summary>
    /// <param name="stage">That is done.</param>
    /// <param name="features">Its result.</param>
    /// <param name="skips">Results of earlier stages that later ones read, too.</param>
    /// <returns>What later stages are to read; it is what is left.</returns>
    public Variable Leave(NetworkStage stage, Variable features, IReadOnlyList<ConvolutionPart> skips)
    {
        Variable left = Change?.Invoke(stage, features) ?? features;
        outputs[stage] = new StageOutput(stage, left) { Skips = skips };
        return left;
    }
}
