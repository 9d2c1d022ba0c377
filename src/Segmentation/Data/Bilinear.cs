namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Interpolation between four neighbours of a plane, first along the rows.</summary>
internal static class Bilinear
{
    /// <param name="upperLeft">Value at the position's row and column, rounded down.</param>
    /// <param name="upperRight">One column on.</param>
    /// <param name="lowerLeft">One row on.</param>
    /// <param name="lowerRight">One row and column on.</param>
    /// <param name="down">Share of the way to the lower row.</param>
    /// <param name="along">Share of the way to the right column.</param>
    public static float Between(float upperLeft, float upperRight, float lowerLeft, float lowerRight, float down, float along)
    {
        float upper = upperLeft + (along * (upperRight - upperLeft)),
            lower = lowerLeft + (along * (lowerRight - lowerLeft));
        return upper + (down * (lower - upper));
    }
}
