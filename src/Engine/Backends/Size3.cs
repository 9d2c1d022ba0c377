namespace UnpairedSegEngine.Backends;

/// <summary>Three extents or steps along depth, height and width. 2D work has depth 1.</summary>
public readonly record struct Size3(int Depth, int Height, int Width)
{
    /// <summary>(1, 1, 1).</summary>
    public static readonly Size3 One = new(1, 1, 1);

    /// <summary>(0, 0, 0).</summary>
    public static readonly Size3 Zero = new(0, 0, 0);

    /// <summary>The planar size (1, n, n), or (0, n, n) for paddings when <paramref name="depth"/> is 0.</summary>
    public static Size3 Planar(int n, int depth = 1) => new(depth, n, n);

    /// <summary>(n, n, n).</summary>
    public static Size3 Cube(int n) => new(n, n, n);

    /// <summary>Product of the three.</summary>
    public int Count => Depth * Height * Width;

    /// <summary>Depth, height or width by the number of the axis, 0 to 2.</summary>
    public int this[int axis] =>
        axis switch
        {
            0 => Depth,
            1 => Height,
            2 => Width,
            _ => throw new ArgumentOutOfRangeException(
                nameof(axis),
                axis,
                "a spatial axis is 0 (depth), 1 (height) or 2 (width)"
            ),
        };

    /// <summary>The same function of each axis.</summary>
    public static Size3 Map(Func<int, int> axis) => new(axis(0), axis(1), axis(2));

    /// <summary>"1x3x3".</summary>
    public override string ToString() => $"{Depth}x{Height}x{Width}";
}
