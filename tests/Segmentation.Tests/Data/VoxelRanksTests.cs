using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>Exact order statistics against sorted float64 values.</summary>
internal sealed class VoxelRanksTests
{
    private static readonly double[] Percents = [0, 0.1, 0.5, 1, 12.5, 50, 73, 99, 99.5, 100];

    private static IEnumerable<TestCaseData> Volumes()
    {
        var random = new System.Random(5);
        float[] Noise(int count, double scale = 1, double offset = 0) =>
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(_ => (float)(offset + (scale * (random.NextDouble() + random.NextDouble() - 1)))),
            ];
        float[] With(float[] voxels, params (int Index, float Value)[] changes)
        {
            foreach ((int index, float value) in changes)
                voxels[index] = value;
            return voxels;
        }

        (string, float[])[] volumes =
        [
            ("one voxel", [7]),
            ("two voxels", [3, -2]),
            ("two values", [.. Enumerable.Range(0, 999).Select(i => i % 3 == 0 ? 1f : 2f)]),
            ("all equal", [.. Enumerable.Repeat(-5.5f, 100)]),
            ("noise", Noise(4096)),
            ("integers", [.. Noise(5000, 300).Select(v => MathF.Round(v))]),
            ("tiny", Noise(1001, 1e-38)),
            ("huge", Noise(1001, 3e38)),
            ("around a large value", Noise(1001, 100, 1e7)),
            ("hot voxel", With(Noise(4096), (0, 1e9f))),
            ("cold voxel", With(Noise(4096), (77, -1e9f))),
            ("1e30", With(Noise(4096), (5, 1e30f))),
            ("two hot voxels", With(Noise(4096), (1, 1e9f), (2, -3e38f))),
            ("0.4 % hot", [.. Noise(4096).Select((v, i) => i % 250 == 0 ? 1e9f : v)]),
            ("both zeros", [0f, -0f, 1f, -0f, 0f]),
            ("many zeros", [.. Noise(3000).Select((v, i) => i % 10 == 0 ? v : 0f)]),
        ];
        return volumes.Select(v => new TestCaseData(v.Item2).SetArgDisplayNames(v.Item1));
    }

    [TestCaseSource(nameof(Volumes))]
    public void Percentiles_are_those_of_sorted_values(float[] voxels)
    {
        double[] expected = Percentiles([.. voxels]);
        Assert.That(new VoxelRanks(voxels).Percentiles(Percents), Is.EqualTo(expected));
    }

    [TestCaseSource(nameof(Volumes))]
    public void Voxels_left_out_count_not_at_all(float[] voxels)
    {
        float middle = voxels.Order().ElementAt(voxels.Length / 2);
        Check(new VoxelRanks(voxels).Above(middle), [.. voxels.Where(v => v > middle)]);
        Check(new VoxelRanks(voxels).Without(middle), [.. voxels.Where(v => v != middle)]);
        if (voxels.Any(v => v > middle))
        {
            float above = voxels.Where(v => v > middle).Min();
            Check(new VoxelRanks(voxels).Above(middle).Without(above), [.. voxels.Where(v => v > above)]);
        }

        static void Check(VoxelRanks found, double[] expected)
        {
            Assert.That(found.Count, Is.EqualTo(expected.Length));
            if (expected.Length > 0)
                Assert.That(found.Percentiles(Percents), Is.EqualTo(Percentiles(expected)));
        }
    }

    [Test]
    public void A_spread_is_never_empty_where_voxels_differ()
    {
        float[] sparse = [.. Enumerable.Repeat(0f, 9990), .. Enumerable.Range(95, 10).Select(v => (float)v)];
        Assert.That(
            new VoxelRanks(sparse).Spread(0.5, 99.5),
            Is.EqualTo((0.0, 95 + (0.995 * 9)))
                .Using<(double Low, double High)>((a, b) => Math.Abs(a.Low - b.Low) + Math.Abs(a.High - b.High) < 1e-9)
        );
        Assert.That(new VoxelRanks([4f, 4f, 4f]).Spread(0.5, 99.5), Is.EqualTo((4.0, 4.0)));
    }

    /// <summary>numpy.percentile(values, Percents).</summary>
    private static double[] Percentiles(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return
        [
            .. Percents.Select(percent =>
            {
                double position = percent / 100 * (sorted.Length - 1);
                double before = sorted[(int)position],
                    after = sorted[(int)Math.Ceiling(position)];
                return before + ((after - before) * (position - (int)position));
            }),
        ];
    }
}
