using UnpairedSegEngine.Schedules;

namespace UnpairedSegEngine.Engine.Tests.Schedules;

internal sealed class ScheduleTests
{
    private static IEnumerable<TestCaseData> Cases()
    {
        yield return Case(new ConstantRate(0.1), (1, 0.1), (1_000_000, 0.1));
        yield return Case(new StepDecay(1e-3, 0.95, 1000), (1, 1e-3), (1000, 1e-3), (1001, 0.95e-3), (2001, 0.9025e-3));
        yield return Case(new MultiStepDecay(1, 0.1, 10, 20), (1, 1), (10, 1), (11, 0.1), (20, 0.1), (21, 0.01));
        yield return Case(new PolynomialDecay(2, 100), (1, 2), (51, 2 * Math.Pow(0.5, 0.9)), (101, 0), (102, 0));
        yield return Case(new PolynomialDecay(2, 4, Power: 1), (2, 1.5), (4, 0.5), (5, 0));
        yield return Case(new CosineDecay(2, 8), (1, 2), (3, 1 + Math.Sqrt(0.5)), (5, 1), (9, 0), (10, 0));
        yield return Case(new LinearDecay(1, 10, 20), (1, 1), (10, 1), (11, 0.9), (15, 0.5), (20, 0), (30, 0));
        yield return Case(new LinearDecay(1, 10, 20, Final: 0.5), (15, 0.75), (20, 0.5));
        yield return Case(new WarmUp(new StepDecay(1, 0.5, 4), 4), (1, 0.25), (2, 0.5), (4, 1), (5, 0.5));
        yield return Case(new WarmUp(new ConstantRate(1), 0), (1, 1));
    }

    [TestCaseSource(nameof(Cases))]
    public void Rates(ISchedule schedule, (long Step, double Rate)[] expected)
    {
        foreach ((long step, double rate) in expected)
            Assert.That(schedule.At(step), Is.EqualTo(rate).Within(1e-15), $"step {step}");
    }

    private static TestCaseData Case(ISchedule schedule, params (long Step, double Rate)[] expected) => new(schedule, expected);
}
