using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// Makes unpaired scans: every (seed, modality, subject) is another body, a template varied by size, position, angles and a
/// smooth
/// deformation, seen with the modality's contrast. The same arguments give the same bits. Subjects may be made in parallel.
/// </summary>
public static class PhantomGenerator
{
    private const int SmallestSize = 16;
    private const int LargestSize = 1024;
    private const double BodyScaleDeviation = 0.05;
    private const double BodyShift = 5;
    private const double DeformationKnots = 70;
    private const double DeformationMillimetres = 7;

    /// <param name="size">Voxels along x and y; the field of view stays the same.</param>
    /// <param name="slices">Voxels along z.</param>
    /// <param name="relation">What the other modalities have to teach about CT.</param>
    /// <returns>Volumes in LAS orientation.</returns>
    /// <exception cref="ArgumentException">A size or subject that is not possible.</exception>
    public static Phantom Create(
        PhantomAnatomy anatomy,
        PhantomModality modality,
        int subject,
        ulong seed,
        int size,
        int slices,
        PhantomRelation relation = PhantomRelation.Usual
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegative(subject);
        RequireSize(size, slices);
        var template = AnatomyTemplate.Of(anatomy).SeenBy(modality, relation);
        var random = CounterRandom.FromSeed(seed)[anatomy.ToString()][modality.ToString()][subject];
        var geometry = Grid(template.FieldOfView, size, slices);
        var labels = new Volume<byte>(geometry);
        var signal = Paint(template, modality, random["body"], labels);
        if (relation == PhantomRelation.Unrelated && modality != PhantomModality.CT)
            Paint(template, modality, random["other body"], labels);
        return new Phantom(Scanner.Acquire(signal, modality, random["scan"]), labels);
    }

    /// <summary>Names of the labels 1, 2, ... of an anatomy.</summary>
    public static IReadOnlyList<string> LabelNames(PhantomAnatomy anatomy) => AnatomyTemplate.Of(anatomy).LabelNames;

    internal static void RequireSize(int size, int slices)
    {
        if (size is < SmallestSize or > LargestSize || slices is < 1 or > LargestSize)
            throw new UsageException(
                $"a phantom of {size}x{size}x{slices} is not possible: use a size of {SmallestSize} to {LargestSize} and "
                    + $"1 to {LargestSize} slices"
            );
    }

    internal static Geometry Grid(Vector3d fieldOfView, int size, int slices)
    {
        // Square voxels in the plane, so the longer side decides.
        var inPlane = Math.Max(fieldOfView.X, fieldOfView.Y) / size;
        var between = fieldOfView.Z / slices;
        return new Geometry(
            size,
            size,
            slices,
            Affine.Diagonal(
                new(-inPlane, inPlane, between),
                new((size - 1) / 2.0 * inPlane, -(size - 1) / 2.0 * inPlane, -(slices - 1) / 2.0 * between)
            )
        );
    }

    internal static Volume<float> Paint(
        AnatomyTemplate template,
        PhantomModality modality,
        CounterRandom random,
        Volume<byte> labels
    )
    {
        var geometry = labels.Geometry;
        // The last painted structure is the first one asked.
        var structures = template
            .Structures.Reverse()
            .Select(s => new SubjectStructure(s, modality, random["structures"]))
            .ToArray();
        var background = new SubjectTissue((float)Tissue.Air.Draw(modality, random["air"]), 0);
        var shift = new Vector3d(random.Normal(0), random.Normal(1), random.Normal(2)) * BodyShift;
        double Shrink(int n) => 1 / (1 + (BodyScaleDeviation * random.Normal(3 + n)));
        var (shrinkX, shrinkY, shrinkZ) = (Shrink(0), Shrink(1), Shrink(2));
        var bend = new[] { "x", "y", "z" }
            .Select(axis => SmoothField.Create(geometry, DeformationKnots, random["bend"][axis]).Voxels)
            .ToArray();
        var signal = new Volume<float>(geometry);
        var i = 0;
        for (var z = 0; z < geometry.Z; z++)
        {
            for (var y = 0; y < geometry.Y; y++)
            {
                for (var x = 0; x < geometry.X; x++, i++)
                {
                    var bent =
                        geometry.Affine.Apply(x, y, z)
                        + shift
                        + (new Vector3d(bend[0][i], bend[1][i], bend[2][i]) * DeformationMillimetres);
                    var tissue = At(structures, new(bent.X * shrinkX, bent.Y * shrinkY, bent.Z * shrinkZ), background);
                    (signal.Voxels[i], labels.Voxels[i]) = (tissue.Value, tissue.Label);
                }
            }
        }

        return signal;
    }

    private static SubjectTissue At(SubjectStructure[] structures, Vector3d point, SubjectTissue background)
    {
        foreach (var structure in structures)
        {
            if (structure.Contains(point, out var tissue))
                return tissue;
        }

        return background;
    }
}
