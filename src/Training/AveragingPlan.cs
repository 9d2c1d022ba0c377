using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Training;

/// <summary>A step after which the weights are averaged.</summary>
internal sealed class AveragingPlan : StepPlan
{
    private readonly StepPlan plan;

    /// <param name="device">Where the parts compute.</param>
    /// <param name="plan">The step; disposed of with this.</param>
    /// <param name="average">Takes in its weights.</param>
    /// <param name="step">Number of the step, from 1.</param>
    public AveragingPlan(Device device, StepPlan plan, WeightAverage average, long step)
        : base(device)
    {
        this.plan = plan;
        Parts = [.. plan.Parts, new StepPart(() => average.Add(step))];
    }

    public override IReadOnlyList<StepPart> Parts { get; }

    public override void Begin(long step) => plan.Begin(step);

    public override void Accepted() => plan.Accepted();

    public override void Dispose()
    {
        plan.Dispose();
        base.Dispose();
    }
}
