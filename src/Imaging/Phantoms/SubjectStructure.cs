namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>A structure as one subject has it: moved, sized, turned and with its own brightness.</summary>
internal sealed class SubjectStructure
{
    private const double AngleDeviation = 7;

    private readonly Vector3d centre;
    private readonly Vector3d axisX;
    private readonly Vector3d axisY;
    private readonly Vector3d axisZ;
    private readonly double coreSquared;
    private readonly SubjectTissue shell;
    private readonly SubjectTissue core;

    public SubjectStructure(Structure template, PhantomModality modality, CounterRandom subject)
    {
        var random = subject[template.Name];
        centre = template.Centre + (new Vector3d(random.Normal(1), random.Normal(2), random.Normal(3)) * (template.Wander / 2));
        double Radius(int axis) => template.Radii[axis] * Math.Max(0.7, 1 + (template.SizeDeviation * random.Normal(4 + axis)));
        var (sinYaw, cosYaw) = Math.SinCos((template.Yaw + (AngleDeviation * random.Normal(7))) * Math.PI / 180);
        var (sinTilt, cosTilt) = Math.SinCos((template.Tilt + (AngleDeviation * random.Normal(8))) * Math.PI / 180);
        axisX = new Vector3d(cosYaw * cosTilt, sinYaw * cosTilt, sinTilt) * (1 / Radius(0));
        axisY = new Vector3d(-sinYaw, cosYaw, 0) * (1 / Radius(1));
        axisZ = new Vector3d(-cosYaw * sinTilt, -sinYaw * sinTilt, cosTilt) * (1 / Radius(2));
        shell = new((float)template.Tissue.Draw(modality, random["shell"]), template.Label);
        core = template.Core is { } inner ? new((float)inner.Tissue.Draw(modality, random["core"]), inner.Label) : shell;
        coreSquared = template.Core is { Fraction: var fraction } ? fraction * fraction : 0;
    }

    /// <summary>Whether a point of the template frame lies inside, and in which tissue.</summary>
    public bool Contains(Vector3d point, out SubjectTissue tissue)
    {
        var d = point - centre;
        var (x, y, z) = (Vector3d.Dot(d, axisX), Vector3d.Dot(d, axisY), Vector3d.Dot(d, axisZ));
        var squared = (x * x) + (y * y) + (z * z);
        tissue = squared < coreSquared ? core : shell;
        return squared < 1;
    }
}

/// <summary>Brightness and label at a point of a subject.</summary>
internal readonly record struct SubjectTissue(float Value, byte Label);
