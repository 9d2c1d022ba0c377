using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Where in the source every pixel of an augmented sample is taken from: an affine map plus an optional smooth displacement.
/// </summary>
internal readonly struct SpatialTransform
{
    private readonly SampleShape shape;
    private readonly float columnPerColumn,
        columnPerRow,
        rowPerColumn,
        rowPerRow,
        columnShift,
        rowShift;
    private readonly ElasticField? elastic;

    /// <summary>Draws a transform.</summary>
    public SpatialTransform(AugmentationSettings settings, SampleShape shape, ref PhiloxStream stream)
    {
        this.shape = shape;
        float angle = stream.NextUniform(-settings.RotationDegrees, settings.RotationDegrees) * MathF.PI / 180;
        float zoom = MathF.Exp(stream.NextUniform(-1, 1) * MathF.Log(1 + settings.Scaling));
        columnShift = stream.NextUniform(-settings.Shift, settings.Shift) * shape.Width;
        rowShift = stream.NextUniform(-settings.Shift, settings.Shift) * shape.Height;
        float mirror = stream.NextUniform() < settings.FlipProbability ? -1 : 1,
            rowMirror = AugmentationSettings.DrawMirror(settings.RowFlipProbability, ref stream);
        (float sin, float cos) = MathF.SinCos(angle);
        (columnPerColumn, columnPerRow) = (mirror * cos / zoom, -mirror * sin / zoom);
        (rowPerColumn, rowPerRow) = (rowMirror * sin / zoom, rowMirror * cos / zoom);
        elastic = settings.ElasticPixels > 0 ? new ElasticField(settings, shape, ref stream) : null;
    }

    /// <summary>The numbers of a sample that stays where it is.</summary>
    public static void WriteIdentity(Span<double> numbers) => ((ReadOnlySpan<double>)[1, 0, 0, 0, 1, 0]).CopyTo(numbers);

    /// <summary>The numbers that <see cref="Backend.Augment"/> takes it by.</summary>
    public void Write(AugmentationProblem problem, Span<double> numbers)
    {
        ((ReadOnlySpan<double>)[rowPerRow, rowPerColumn, rowShift, columnPerRow, columnPerColumn, columnShift]).CopyTo(numbers);
        elastic?.Write(numbers[problem.FirstOfControlPoints..]);
    }

    /// <summary>The source position of a target pixel.</summary>
    public (float Row, float Column) SourceOf(int row, int column)
    {
        float centreRow = (shape.Height - 1) * 0.5f,
            centreColumn = (shape.Width - 1) * 0.5f;
        float fromRow = row - centreRow,
            fromColumn = column - centreColumn;
        float sourceRow = centreRow + (rowPerRow * fromRow) + (rowPerColumn * fromColumn) + rowShift;
        float sourceColumn = centreColumn + (columnPerRow * fromRow) + (columnPerColumn * fromColumn) + columnShift;
        if (elastic is null)
            return (sourceRow, sourceColumn);
        (float downwards, float rightwards) = elastic.DisplacementAt(row, column);
        return (sourceRow + downwards, sourceColumn + rightwards);
    }
}
