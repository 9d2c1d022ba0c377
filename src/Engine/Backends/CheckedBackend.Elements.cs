using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

public abstract partial class CheckedBackend
{
    /// <inheritdoc/>
    public override void Fill(Tensor y, double value)
    {
        if (y.DType is DType.Float32 or DType.Float64)
            For(y).Fill(y, value);
        else
            FillStorage(y, value);
    }

    /// <inheritdoc/>
    public override void Convert(Tensor x, Tensor y)
    {
        RequireShape(y, x.Shape, "the converted tensor");
        if (!x.DType.IsFloating() || !y.DType.IsFloating())
            throw new ArgumentException($"conversion is between floating-point types, not from {x.DType} to {y.DType}");
        if (x.DType == y.DType)
            Copy(x, y);
        else
            For(x.DType == DType.Float32 || (x.DType == DType.Float64 && y.DType != DType.Float32) ? x : y).Convert(x, y);
    }

    /// <inheritdoc/>
    public override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y)
    {
        RequireShape(b, a.Shape, "b");
        RequireShape(y, a.Shape, "y");
        if (function != BinaryFunction.Add || a.DType != DType.BFloat16)
        {
            For(a, b, y).Binary(function, a, b, y);
            return;
        }

        RequireType(b, a.DType, "b");
        RequireType(y, a.DType, "y");
        using var widening = new Widening(Singles);
        Singles.Binary(function, widening.Read(a), widening.Read(b), widening.Write(y));
        widening.Store();
    }

    /// <inheritdoc/>
    public override void Unary(UnaryFunction function, Tensor x, Tensor y)
    {
        RequireShape(y, x.Shape, "y");
        if (!Enum.IsDefined(function))
            throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function of one tensor");
        For(x, y).Unary(function, x, y);
    }

    /// <inheritdoc/>
    public override void Affine(Tensor x, double scale, double offset, Tensor y)
    {
        RequireShape(y, x.Shape, "y");
        For(x, y).Affine(x, scale, offset, y);
    }

    /// <inheritdoc/>
    public override void LeakyReluForward(Tensor x, double slope, Tensor y)
    {
        RequireShape(y, x.Shape, "y");
        For(x, y).LeakyReluForward(x, slope, y);
    }

    /// <inheritdoc/>
    public override void LeakyReluBackward(Tensor gy, Tensor x, double slope, Tensor gx)
    {
        RequireShape(gy, x.Shape, "gy");
        RequireShape(gx, x.Shape, "gx");
        For(gy, x, gx).LeakyReluBackward(gy, x, slope, gx);
    }

    /// <inheritdoc/>
    public override void Dropout(Tensor x, DropoutMask mask, Tensor y)
    {
        RequireShape(y, x.Shape, "y");
        RequireMask(mask);
        RequireNoNarrower(x, y, "x");
        Backend typed = ForStored([x, y]);
        using var widening = new Widening(typed);
        typed.Dropout(widening.Read(x), mask, widening.Write(y));
        widening.Store();
    }

    /// <inheritdoc/>
    public override void Sum(Tensor x, int outer, int reduced, int inner, Tensor y)
    {
        RequireCount(x, (long)outer * reduced * inner, "x");
        RequireCount(y, (long)outer * inner, "y");
        For(x, y).Sum(x, outer, reduced, inner, y);
    }

    /// <inheritdoc/>
    public override void Broadcast(Tensor x, int outer, int repeated, int inner, Tensor y)
    {
        RequireCount(x, (long)outer * inner, "x");
        RequireCount(y, (long)outer * repeated * inner, "y");
        For(x, y).Broadcast(x, outer, repeated, inner, y);
    }

    /// <inheritdoc/>
    public override void CopyChannels(Tensor x, int xStart, Tensor y, int yStart, int count)
    {
        RequireShape(y, x.Shape.With(^1, y.Shape[^1]), "y");
        if (count < 1 || xStart < 0 || yStart < 0 || xStart + count > x.Shape[^1] || yStart + count > y.Shape[^1])
            throw new ArgumentException($"{count} channels from {xStart} of {x.Shape} cannot go to {yStart} of {y.Shape}");
        if (x.DType != DType.BFloat16)
        {
            For(x, y).CopyChannels(x, xStart, y, yStart, count);
            return;
        }

        RequireType(y, x.DType, "y");
        using var widening = new Widening(Singles);
        Singles.CopyChannels(widening.Read(x), xStart, widening.Update(y), yStart, count);
        widening.Store();
    }

    /// <inheritdoc/>
    public override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y)
    {
        if (a.Shape.Rank != 2 || b.Shape.Rank != 2)
            throw new ArgumentException($"a matrix product takes matrices, not {a.Shape} and {b.Shape}");
        (int rows, int depth) = transposeA ? (a.Shape[1], a.Shape[0]) : (a.Shape[0], a.Shape[1]);
        (int depthB, int columns) = transposeB ? (b.Shape[1], b.Shape[0]) : (b.Shape[0], b.Shape[1]);
        if (depth != depthB)
            throw new ArgumentException(
                $"matrices {rows}x{depth} and {depthB}x{columns} cannot be multiplied: the inner extents differ"
            );
        RequireShape(y, new Shape(rows, columns), "y");
        For(a, b, y).MatMul(a, transposeA, b, transposeB, y);
    }

    /// <inheritdoc/>
    public override void Max(Tensor x, int outer, int reduced, int inner, Tensor y, Tensor index)
    {
        RequireCount(x, (long)outer * reduced * inner, "x");
        RequireCount(y, (long)outer * inner, "y");
        RequireCount(index, (long)outer * inner, "index");
        RequireType(index, DType.Int32, "index");
        For(x, y).Max(x, outer, reduced, inner, y, index);
    }

    /// <inheritdoc/>
    public override void Gather(Tensor x, Tensor index, int outer, int extent, int inner, Tensor y)
    {
        RequireIndexed(x, index, outer, extent, inner, y);
        For(x, y).Gather(x, index, outer, extent, inner, y);
    }

    /// <inheritdoc/>
    public override void Scatter(Tensor y, Tensor index, int outer, int extent, int inner, Tensor x)
    {
        RequireIndexed(x, index, outer, extent, inner, y);
        For(y, x).Scatter(y, index, outer, extent, inner, x);
    }

    /// <inheritdoc/>
    public override void Softmax(Tensor x, int outer, int classes, int inner, Tensor y)
    {
        RequireShape(y, x.Shape, "y");
        RequireCount(x, (long)outer * classes * inner, "x");
        For(x, y).Softmax(x, outer, classes, inner, y);
    }

    /// <inheritdoc/>
    public override void LogSoftmax(Tensor x, int outer, int classes, int inner, Tensor y)
    {
        RequireShape(y, x.Shape, "y");
        RequireCount(x, (long)outer * classes * inner, "x");
        For(x, y).LogSoftmax(x, outer, classes, inner, y);
    }

    private static void RequireIndexed(Tensor x, Tensor index, int outer, int extent, int inner, Tensor y)
    {
        RequireCount(x, (long)outer * extent * inner, "x");
        RequireCount(y, (long)outer * inner, "y");
        RequireCount(index, (long)outer * inner, "index");
        if (index.DType is not (DType.Int32 or DType.UInt8))
            throw new ArgumentException($"index must be Int32 or UInt8, but is {index.DType}");
    }

    private static void RequireMask(DropoutMask mask)
    {
        if (mask.IsActive && mask.Threshold < 1)
            throw new ArgumentException($"dropout cannot keep {mask.Keep}; the smallest probability is 1/65536");
    }
}
