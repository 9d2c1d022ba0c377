namespace UnpairedSegEngine.Tensors;

/// <summary>
/// The extents of a tensor, slowest first. Feature maps are (batch, depth, height, width, channels); 2D is depth 1.
/// A shape without axes is a scalar.
/// </summary>
public readonly struct Shape : IEquatable<Shape>
{
    private readonly int[]? extents;

    /// <exception cref="ArgumentException">An extent is below one.</exception>
    public Shape(params ReadOnlySpan<int> extents)
    {
        foreach (int extent in extents)
        {
            if (extent < 1)
                throw new ArgumentException($"shape ({string.Join(", ", extents.ToArray())}) has an extent below 1");
        }

        this.extents = extents.ToArray();
    }

    /// <summary>Number of axes; 0 for a scalar.</summary>
    public int Rank => extents?.Length ?? 0;

    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            foreach (int extent in AsSpan())
                count = checked(count * extent);
            return count;
        }
    }

    /// <summary>Extent of an axis; negative axes count from the last.</summary>
    public int this[Index axis] => AsSpan()[axis];

    /// <summary>The extents, slowest first.</summary>
    public ReadOnlySpan<int> AsSpan() => extents;

    /// <summary>This shape with one axis of another extent.</summary>
    public Shape With(Index axis, int extent)
    {
        int[] copy = AsSpan().ToArray();
        copy[axis] = extent;
        return new Shape(copy);
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (int extent in AsSpan())
            hash.Add(extent);
        return hash.ToHashCode();
    }

    /// <summary>"(2, 1, 16, 16, 3)".</summary>
    public override string ToString() => $"({string.Join(", ", AsSpan().ToArray())})";

    /// <summary>Whether all extents are equal.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether the extents differ.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);
}
