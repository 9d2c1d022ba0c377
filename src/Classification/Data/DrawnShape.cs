namespace UnpairedSegEngine.Classification.Data;

/// <summary>A shape within the unit circle: whether a point belongs to it. No two of them are turned versions of each
/// other.</summary>
internal sealed record DrawnShape(string Name, Func<double, double, bool> Contains)
{
    private const double StarPoints = 5,
        StarInner = 0.42;

    /// <summary>The ten classes of single shapes.</summary>
    public static IReadOnlyList<DrawnShape> All { get; } =
    [
        new("disc", (x, y) => Radius(x, y) <= 0.9),
        new("ring", (x, y) => Radius(x, y) is >= 0.55 and <= 0.95),
        new("square", (x, y) => Side(x, y) <= 0.7),
        new("frame", (x, y) => Side(x, y) is >= 0.42 and <= 0.75),
        new("triangle", IsInTriangle),
        new("cross", (x, y) => Side(x, y) <= 0.95 && Math.Min(Math.Abs(x), Math.Abs(y)) <= 0.27),
        new("star", IsInStar),
        new("crescent", (x, y) => Radius(x, y) <= 0.95 && Radius(x - 0.45, y) >= 0.75),
        new("half disc", (x, y) => Radius(x, y) <= 0.95 && y >= 0),
        new("bar", (x, y) => Math.Abs(x) <= 0.95 && Math.Abs(y) <= 0.25),
    ];

    /// <summary>The six classes of scenes.</summary>
    public static IReadOnlyList<DrawnShape> ForScenes { get; } =
    [.. All.Where(shape => shape.Name is "disc" or "square" or "triangle" or "cross" or "star" or "crescent")];

    private static double Radius(double x, double y) => Math.Sqrt((x * x) + (y * y));

    private static double Side(double x, double y) => Math.Max(Math.Abs(x), Math.Abs(y));

    /// <summary>Equilateral, its corners on the circle: all three sides are half a radius from the centre.</summary>
    private static bool IsInTriangle(double x, double y) =>
        y <= 0.5 && (-0.5 * y) + (0.5 * Math.Sqrt(3) * x) <= 0.5 && (-0.5 * y) - (0.5 * Math.Sqrt(3) * x) <= 0.5;

    /// <summary>Folded into the sector from a point to the middle between two, the star is one side of a line.</summary>
    private static bool IsInStar(double x, double y)
    {
        double sector = 2 * Math.PI / StarPoints,
            angle = Math.Abs(Math.IEEERemainder(Math.Atan2(y, x), sector)),
            radius = Radius(x, y),
            innerX = StarInner * Math.Cos(sector / 2),
            innerY = StarInner * Math.Sin(sector / 2),
            px = radius * Math.Cos(angle),
            py = radius * Math.Sin(angle);
        return ((innerX - 1) * py) - (innerY * (px - 1)) >= 0;
    }
}
