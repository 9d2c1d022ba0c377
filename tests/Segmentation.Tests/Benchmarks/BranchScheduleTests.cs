using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Bench.Modelling;

namespace UnpairedSegEngine.Segmentation.Tests.Benchmarks;

/// <summary>Two branches on a modelled GPU: a fork after launch 0, a join before the last.</summary>
internal sealed class BranchScheduleTests
{
    private static readonly LaunchTime Full = new(1, "memory", Fill: 1, MemoryShare: 1);

    [TestCase(0.4, 0.2, 0.6, 0.8, 1 + 3 + 1, Description = "they leave room to each other: as long as the longer")]
    [TestCase(1, 0, 1, 0, 1 + 5 + 1, Description = "each fills the multiprocessors: as long as one after the other")]
    [TestCase(0.5, 1, 0.5, 1, 1 + 5 + 1, Description = "each takes the memory's rate")]
    [TestCase(0.75, 0, 0.75, 0, 1 + (2 * 1.5) + 1 + 1, Description = "slower by half while both run")]
    public void Launches_share_the_GPU(double fill, double memory, double fillAside, double memoryAside, double expected)
    {
        LaunchTime[] times = [Full, new(3, "", fill, memory), new(2, "", fillAside, memoryAside), Full];
        Assert.That(
            BranchSchedule.Milliseconds([Launch(false), Launch(false, 0), Launch(true, 0), Launch(false, 1, 2)], times),
            Is.EqualTo(expected).Within(1e-9)
        );
    }

    [Test]
    public void One_branch_takes_the_sum() =>
        Assert.That(
            BranchSchedule.Milliseconds([Launch(false), Launch(false, 0), Launch(false, 1)], [Full, Full, Full]),
            Is.EqualTo(3).Within(1e-9)
        );

    /// <summary>What has to be waited for does not overlap, however much room there is.</summary>
    [Test]
    public void Edges_are_kept()
    {
        LaunchTime small = new(1, "", Fill: 0.1, MemoryShare: 0.1);
        Assert.That(
            BranchSchedule.Milliseconds([Launch(false), Launch(true, 0), Launch(false, 0, 1)], [small, small, small]),
            Is.EqualTo(3).Within(1e-9)
        );
    }

    private static KernelLaunch Launch(bool aside, params int[] after) =>
        new("kernel", new LaunchGeometry(1, 32), 0) { IsAside = aside, After = after };
}
