using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>Images of one shape: anywhere, of any size, turn and colour, on clutter, with noise.</summary>
internal static class ShapeImages
{
    public static ImageShape Shape { get; } = new(32, 32, 3);

    /// <summary>Draws the image of a number; classes take turns.</summary>
    public static LabelledImage Draw(string name, int number, ref PhiloxStream stream)
    {
        const int strokesBelow = 6;
        int label = number % DrawnShape.All.Count;
        var canvas = new Canvas(Shape);
        canvas.Clutter(ref stream, strokesBelow);
        float radius = stream.NextUniform(6, 12),
            x = stream.NextUniform(radius, Shape.Width - radius),
            y = stream.NextUniform(radius, Shape.Height - radius);
        ShapeObjects.Draw(canvas, DrawnShape.All[label], x, y, radius, ref stream);
        canvas.Stroke(ref stream);
        return new LabelledImage(name, canvas.ToBytes(ref stream, noise: 0.06f), [label]);
    }
}
