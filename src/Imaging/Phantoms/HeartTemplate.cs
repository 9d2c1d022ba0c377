namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// Chest around the heart: the four structures of the MM-WHS cardiac task among right heart, great vessels, lungs, spine and
/// wall.
/// </summary>
internal static class HeartTemplate
{
    private const double Endless = double.PositiveInfinity;

    public static AnatomyTemplate Create() =>
        new(new(260, 230, 140), [.. Chest(), .. Heart()], ["LV myocardium", "left atrium", "LV blood", "ascending aorta"]);

    private static IEnumerable<Structure> Chest() =>
        [
            new Structure("body", Tissue.Fat, 0, new(0, 0, 0), new(150, 108, Endless)).Steady(),
            new Structure("wall", Tissue.Muscle, 0, new(0, 0, 0), new(138, 98, Endless)).Steady(),
            new Structure("right lung", Tissue.Lung, 0, new(72, -4, 10), new(54, 86, Endless)).Steady(),
            new Structure("left lung", Tissue.Lung, 0, new(-76, -8, 10), new(52, 84, Endless)).Steady(),
            new Structure("mediastinum", Tissue.Fat, 0, new(-8, 8, 0), new(58, 66, Endless)).Steady(),
            new("sternum", Tissue.Bone, 0, new(0, 90, 0), new(20, 8, Endless)) { Core = new(0.7, Tissue.Marrow, 0) },
            new("spine", Tissue.Bone, 0, new(0, -74, 0), new(21, 18, Endless)) { Core = new(0.82, Tissue.Marrow, 0) },
            new Structure("spinal canal", Tissue.SpinalCanal, 0, new(0, -97, 0), new(9, 7, Endless)).Steady(),
            new("liver dome", Tissue.Liver, 0, new(62, 8, -78), new(72, 74, 50)) { Wander = 10 },
            new("stomach", Tissue.Gastric, 0, new(-66, 4, -80), new(40, 44, 34)) { Wander = 12 },
            new("descending aorta", Tissue.LeftBlood, 0, new(-26, -60, 0), new(12, 12, Endless)),
            new("oesophagus", Tissue.Muscle, 0, new(-6, -50, 0), new(8, 6, Endless)),
        ];

    private static IEnumerable<Structure> Heart() =>
        [
            new("vena cava", Tissue.RightBlood, 0, new(36, 14, 55), new(10, 11, 50)),
            new("pulmonary artery", Tissue.RightBlood, 0, new(-20, 30, 48), new(15, 14, 30), Yaw: 30),
            new("right atrium", Tissue.RightBlood, 0, new(40, 16, -6), new(25, 29, 34)) { Wander = 9 },
            new("right ventricle", Tissue.RightBlood, 0, new(-2, 48, -18), new(46, 24, 30), Yaw: -15)
            {
                Core = new(0.85, Tissue.RightBlood, 0),
                Wander = 9,
            },
            new("left atrium", Tissue.LeftBlood, 2, new(-2, -24, 14), new(34, 21, 24), Yaw: 5) { Wander = 9 },
            new("left ventricle", Tissue.Myocardium, 1, new(-46, 16, -16), new(50, 33, 34), Yaw: 150, Tilt: -25)
            {
                Core = new(0.66, Tissue.LeftBlood, 3),
                Wander = 9,
            },
            new("ascending aorta", Tissue.LeftBlood, 4, new(12, 18, 44), new(15, 15, 42), Yaw: 0, Tilt: 8) { Wander = 8 },
        ];
}
