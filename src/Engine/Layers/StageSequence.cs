using UnpairedSegEngine.Autograd;

namespace UnpairedSegEngine.Layers;

/// <summary>Stages that run one after the other, each a chain of operations on what the one before it left.</summary>
public sealed class StageSequence
{
    private readonly List<NetworkStage> stages = [];
    private readonly List<IReadOnlyList<Func<ForwardContext, Variable, Variable>>> operations = [];

    /// <summary>In the order in which they run.</summary>
    public IReadOnlyList<NetworkStage> Stages => stages;

    /// <summary>Adds a stage behind the others.</summary>
    /// <param name="name">Of the stage.</param>
    /// <param name="channels">Of its result.</param>
    /// <param name="parts">Its operations, each from the result of the one before it; none releases its input.</param>
    public NetworkStage Add(string name, int channels, params IReadOnlyList<Func<ForwardContext, Variable, Variable>> parts)
    {
        var stage = new NetworkStage(name, stages.Count, channels);
        stages.Add(stage);
        operations.Add(parts);
        return stage;
    }

    /// <summary>The result of the stages from one to another; everything between is freed as soon as nothing needs it.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="input">What enters the first of them; it is left alone.</param>
    /// <param name="first">Index of the first stage that runs.</param>
    /// <param name="taps">Stages whose results are to be left.</param>
    /// <param name="last">The last stage that runs; the last of all if not given.</param>
    public Variable Run(
        ForwardContext context,
        Variable input,
        int first = 0,
        FeatureTaps? taps = null,
        NetworkStage? last = null
    )
    {
        Variable x = input;
        for (int stage = first; stage <= (last ?? stages[^1]).Index; stage++)
        {
            foreach (Func<ForwardContext, Variable, Variable> operation in operations[stage])
            {
                Variable y = operation(context, x);
                if (y != x && x != input && !(taps?.Holds(x) ?? false))
                    Tape.Release(x);
                x = y;
            }

            if (taps?.Wants(stages[stage]) ?? false)
                x = taps.Leave(stages[stage], x, []);
        }

        return x;
    }
}
