namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// Upper abdomen: the four organs of the CHAOS and BTCV label sets among stomach, bowel, pancreas, vessels, spine, ribs and
/// muscle.
/// </summary>
internal static class AbdomenTemplate
{
    private const double Endless = double.PositiveInfinity;

    public static AnatomyTemplate Create() =>
        new(
            new(380, 300, 180),
            [.. Wall(), .. Ribs(), .. Bowel(), .. Organs(), .. Vessels()],
            ["liver", "right kidney", "left kidney", "spleen"]
        );

    private static IEnumerable<Structure> Wall() =>
        [
            new Structure("body", Tissue.Fat, 0, new(0, 0, 0), new(168, 122, Endless)).Steady(),
            new Structure("wall", Tissue.Muscle, 0, new(0, 2, 0), new(150, 105, Endless)).Steady(),
            new Structure("cavity", Tissue.Fat, 0, new(0, 8, 0), new(140, 92, Endless)).Steady(),
            new("right back muscle", Tissue.Muscle, 0, new(42, -88, 0), new(36, 20, Endless)),
            new("left back muscle", Tissue.Muscle, 0, new(-42, -88, 0), new(36, 20, Endless)),
            new("right psoas", Tissue.Muscle, 0, new(36, -58, -60), new(17, 19, 70)),
            new("left psoas", Tissue.Muscle, 0, new(-36, -58, -60), new(17, 19, 70)),
            new Structure("spine", Tissue.Bone, 0, new(0, -64, 0), new(25, 21, Endless))
            {
                Core = new(0.82, Tissue.Marrow, 0),
            }.Steady(),
            new Structure("spinous process", Tissue.Bone, 0, new(0, -100, 0), new(6, 16, Endless)).Steady(),
            new Structure("spinal canal", Tissue.SpinalCanal, 0, new(0, -90, 0), new(10, 8, Endless)).Steady(),
        ];

    /// <summary>Twelve short rods in the wall, slanting through the slices.</summary>
    private static IEnumerable<Structure> Ribs() =>
        from side in new[] { -1, 1 }
        from rib in Enumerable.Range(0, 6)
        let angle = (-35 + (25 * rib)) * Math.PI / 180
        select new Structure(
            $"rib {side} {rib}",
            Tissue.Bone,
            0,
            new(side * 146 * Math.Cos(angle), 2 + (100 * Math.Sin(angle)), 50 - (18 * rib)),
            new(6, 12, 30),
            side * 20 * rib
        );

    private static IEnumerable<Structure> Organs() =>
        [
            new("stomach", Tissue.Gastric, 0, new(-55, 38, 35), new(46, 34, 48), Yaw: -25) { Wander = 14 },
            new("stomach gas", Tissue.GastricGas, 0, new(-52, 62, 42), new(24, 11, 22), Yaw: -15),
            new("pancreas", Tissue.Pancreas, 0, new(-5, 0, -5), new(62, 13, 15), Yaw: -12) { Wander = 10 },
            new("liver", Tissue.Liver, 1, new(72, 12, 22), new(66, 76, 74)) { Wander = 12 },
            new("liver", Tissue.Liver, 1, new(12, 48, 36), new(70, 32, 38), Yaw: 10) { Wander = 12 },
            new("liver vein", Tissue.ContrastBlood, 0, new(62, 2, 40), new(34, 5, 5), Yaw: 30),
            new("gallbladder", Tissue.Bile, 0, new(58, 56, -22), new(15, 20, 24)) { Wander = 10 },
            new("spleen", Tissue.Spleen, 4, new(-104, -28, 36), new(24, 46, 46), Yaw: 22) { Wander = 12 },
            new("right kidney", Tissue.KidneyCortex, 2, new(72, -56, -30), new(28, 33, 54), Yaw: -35)
            {
                Core = new(0.6, Tissue.KidneyMedulla, 2),
                Wander = 12,
            },
            new("left kidney", Tissue.KidneyCortex, 3, new(-70, -56, -18), new(28, 33, 54), Yaw: 35)
            {
                Core = new(0.6, Tissue.KidneyMedulla, 3),
                Wander = 12,
            },
        ];

    private static IEnumerable<Structure> Vessels() =>
        [
            new("aorta", Tissue.ContrastBlood, 0, new(-12, -34, 0), new(10, 10, Endless)),
            new("vena cava", Tissue.ContrastBlood, 0, new(20, -34, 0), new(12, 9, Endless)),
        ];

    private static IEnumerable<Structure> Bowel()
    {
        var random = CounterRandom.FromSeed(0)["bowel"];
        for (var loop = 0; loop < 14; loop++)
        {
            var at = random[loop];
            yield return new Structure(
                $"bowel {loop}",
                Tissue.Bowel,
                0,
                new(at.Uniform(0, -105, 105), at.Uniform(1, -15, 72), at.Uniform(2, -90, -10)),
                new(at.Uniform(3, 14, 34), at.Uniform(4, 12, 20), at.Uniform(5, 12, 24)),
                at.Uniform(6, -90, 90)
            )
            {
                Wander = 22,
                Core = loop % 4 == 0 ? new(0.55, Tissue.GastricGas, 0) : null,
            };
        }
    }
}
