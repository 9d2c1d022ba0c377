namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// An ellipsoid (or, with an infinite radius, a tube) of the template anatomy: centre and radii in mm, patient frame (x right,
/// y anterior, z superior), its long axis turned by <paramref name="Yaw"/> about z and then tilted out of the slice plane, in
/// degrees.
/// Structures of one name move and vary together.
/// </summary>
internal sealed record Structure(
    string Name,
    Tissue Tissue,
    byte Label,
    Vector3d Centre,
    Vector3d Radii,
    double Yaw = 0,
    double Tilt = 0
)
{
    /// <summary>How far a subject's structure may lie from the template, mm.</summary>
    public double Wander { get; init; } = 7;

    /// <summary>Relative standard deviation of each radius between subjects.</summary>
    public double SizeDeviation { get; init; } = 0.09;

    /// <summary>The same structure, alike in all subjects: what holds the body together.</summary>
    public Structure Steady() => this with { Wander = 3, SizeDeviation = 0.03 };

    /// <summary>An inner part of other tissue, as a fraction of the radii.</summary>
    public Core? Core { get; init; }
}

/// <summary>The inner part of a structure.</summary>
internal sealed record Core(double Fraction, Tissue Tissue, byte Label);
