using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>Turned shapes of a colour that stands out.</summary>
internal sealed class ShapeObjects(IReadOnlyList<DrawnShape> shapes) : ISceneObjects
{
    public float BrightestClutter => 1;

    public (int Object, float Radius) Choose(ref PhiloxStream stream) =>
        (stream.NextIndex(shapes.Count), stream.NextUniform(9, 18));

    public ObjectBox? Draw(Canvas canvas, int chosen, float x, float y, float radius, ref PhiloxStream stream) =>
        Draw(canvas, shapes[chosen], x, y, radius, ref stream) is { } box ? new ObjectBox(box, chosen) : null;

    /// <summary>Draws one shape.</summary>
    public static ImageBox? Draw(Canvas canvas, DrawnShape shape, float x, float y, float radius, ref PhiloxStream stream)
    {
        (double sin, double cos) = Math.SinCos(stream.NextUniform(0, 2 * MathF.PI));
        float[] colour = Contrasting(canvas, (int)x, (int)y, (int)radius, ref stream);
        return canvas.Paint(
            x,
            y,
            radius,
            colour,
            (dx, dy) => shape.Contains(((dx * cos) + (dy * sin)) / radius, ((dy * cos) - (dx * sin)) / radius)
        );
    }

    /// <summary>The first of some random colours that differs from the background, or the last of them.</summary>
    private static float[] Contrasting(Canvas canvas, int x, int y, int reach, ref PhiloxStream stream)
    {
        const int tries = 20;
        const float least = 0.7f;
        float[] background = canvas.MeanAround(x, y, reach);
        float[] colour = canvas.Colour(ref stream);
        for (int i = 1; i < tries && colour.Zip(background, (a, b) => Math.Abs(a - b)).Sum() < least; i++)
            colour = canvas.Colour(ref stream);
        return colour;
    }
}
