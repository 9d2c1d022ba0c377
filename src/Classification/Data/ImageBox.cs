using System.Globalization;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>
/// A rectangle of pixels. Its corners are the first and the last pixel within it, so its width is X2 - X1 + 1 (PASCAL VOC's and
/// Caffe's convention).
/// </summary>
/// <param name="X1">First column.</param>
/// <param name="Y1">First row.</param>
/// <param name="X2">Last column.</param>
/// <param name="Y2">Last row.</param>
public readonly record struct ImageBox(float X1, float Y1, float X2, float Y2)
{
    /// <summary>Pixels within.</summary>
    public double Area => (X2 - X1 + 1.0) * (Y2 - Y1 + 1.0);

    /// <summary>Area of the intersection over that of the union, 0 to 1.</summary>
    public double Overlap(ImageBox other)
    {
        double width = Math.Min(X2, other.X2) - Math.Max(X1, other.X1) + 1.0,
            height = Math.Min(Y2, other.Y2) - Math.Max(Y1, other.Y1) + 1.0;
        if (width <= 0 || height <= 0)
            return 0;
        double both = width * height;
        return both / (Area + other.Area - both);
    }

    /// <summary>Why this is no box of an image; null where it is one.</summary>
    internal string? Problem(ImageShape shape) =>
        X1 >= 0 && Y1 >= 0 && X2 >= X1 && Y2 >= Y1 && X2 < shape.Width && Y2 < shape.Height
            ? null
            : $"box {this} does not lie within an image of {shape.Width} columns and {shape.Height} rows";

    /// <summary>"3,4,20,31": columns and rows of both corners.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{X1:R},{Y1:R},{X2:R},{Y2:R}");
}

/// <summary>A place where an object may be.</summary>
/// <param name="Box">The place.</param>
/// <param name="Score">How likely it holds an object, of no class in particular.</param>
public readonly record struct BoxProposal(ImageBox Box, float Score);

/// <summary>Where an object is: for scores only, no network is told.</summary>
/// <param name="Box">The place.</param>
/// <param name="Class">Of the object.</param>
public readonly record struct ObjectBox(ImageBox Box, int Class);
