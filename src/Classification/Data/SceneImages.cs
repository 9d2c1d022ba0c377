using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>Images of one to four objects on clutter, labelled by the classes that they show, with proposals.</summary>
internal sealed class SceneImages(ImageShape shape, int proposals, ISceneObjects objects)
{
    private const int MostObjects = 4,
        Strokes = 25,
        Tries = 30;

    public ImageShape Shape => shape;

    /// <summary>Draws a scene.</summary>
    public LabelledImage Draw(string name, int number, ref PhiloxStream stream)
    {
        var canvas = new Canvas(shape);
        canvas.Clutter(ref stream, Strokes, objects.BrightestClutter);
        int wanted = 1 + stream.NextIndex(MostObjects);
        var drawn = new List<ObjectBox>();
        var taken = new List<(float X, float Y, float Radius)>();
        for (int i = 0; i < wanted; i++)
        {
            (int chosen, float radius) = objects.Choose(ref stream);
            if (
                Place(taken, radius, ref stream) is var (x, y)
                && objects.Draw(canvas, chosen, x, y, radius, ref stream) is { } box
            )
            {
                taken.Add((x, y, radius));
                drawn.Add(box);
            }
        }

        byte[] pixels = canvas.ToBytes(ref stream, noise: 0.04f);
        return new LabelledImage(name, pixels, [.. drawn.Select(box => box.Class).Distinct().Order()])
        {
            Objects = drawn,
            Proposals = new EdgeProposals(shape, pixels).Make(proposals, [.. drawn.Select(box => box.Box)], ref stream),
        };
    }

    /// <summary>A place where an object hides little of the others; null where none was found.</summary>
    private (float X, float Y)? Place(
        IReadOnlyList<(float X, float Y, float Radius)> taken,
        float radius,
        ref PhiloxStream stream
    )
    {
        for (int i = 0; i < Tries; i++)
        {
            float x = stream.NextUniform(radius, shape.Width - radius),
                y = stream.NextUniform(radius, shape.Height - radius);
            if (taken.All(other => Math.Max(Math.Abs(x - other.X), Math.Abs(y - other.Y)) >= 0.9f * (radius + other.Radius)))
                return (x, y);
        }

        return null;
    }
}
