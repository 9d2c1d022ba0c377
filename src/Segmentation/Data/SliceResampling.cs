namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Brings one slice from one in-plane grid to another.</summary>
internal sealed class SliceResampling(AxisSampling rows, AxisSampling columns, int sourceWidth)
{
    /// <summary>Whether every target pixel is a source pixel.</summary>
    public bool IsExact => rows.IsExact && columns.IsExact;

    /// <summary>
    /// Bilinear interpolation of an image slice; <paramref name="outside"/> where the target reaches beyond the source.
    /// </summary>
    public void Interpolate(ReadOnlySpan<float> source, float outside, Span<float> target)
    {
        for (int row = 0, pixel = 0; row < rows.Count; row++)
        {
            ReadOnlySpan<float> upper = source.Slice(rows.Before[row] * sourceWidth, sourceWidth);
            ReadOnlySpan<float> lower = source.Slice(rows.After[row] * sourceWidth, sourceWidth);
            for (int column = 0; column < columns.Count; column++, pixel++)
            {
                int left = columns.Before[column],
                    right = columns.After[column];
                target[pixel] =
                    rows.Inside[row] && columns.Inside[column]
                        ? Bilinear.Between(
                            upper[left],
                            upper[right],
                            lower[left],
                            lower[right],
                            rows.Fraction[row],
                            columns.Fraction[column]
                        )
                        : outside;
            }
        }
    }

    /// <summary>The nearest pixel of a class map; background where the target reaches beyond the source.</summary>
    public void TakeNearest(ReadOnlySpan<byte> source, Span<byte> target)
    {
        for (int row = 0, pixel = 0; row < rows.Count; row++)
        {
            int nearestRow = rows.Nearest(row);
            for (int column = 0; column < columns.Count; column++, pixel++)
            {
                int nearestColumn = columns.Nearest(column);
                target[pixel] =
                    rows.Inside[row] && columns.Inside[column]
                        ? source[(nearestRow * sourceWidth) + nearestColumn]
                        : LabelValue.Background;
            }
        }
    }

    /// <summary>Bilinear interpolation of class scores, (height, width, classes).</summary>
    public void InterpolateScores(ReadOnlyMemory<float> source, int classCount, Memory<float> target) =>
        Parallel.For(
            0,
            rows.Count,
            row =>
            {
                ReadOnlySpan<float> scores = source.Span;
                Span<float> result = target.Span.Slice(row * columns.Count * classCount, columns.Count * classCount);
                float down = rows.Fraction[row];
                int upper = rows.Before[row] * sourceWidth,
                    lower = rows.After[row] * sourceWidth;
                for (int column = 0; column < columns.Count; column++)
                {
                    float along = columns.Fraction[column];
                    int upperLeft = (upper + columns.Before[column]) * classCount,
                        upperRight = (upper + columns.After[column]) * classCount;
                    int lowerLeft = (lower + columns.Before[column]) * classCount,
                        lowerRight = (lower + columns.After[column]) * classCount;
                    for (int label = 0; label < classCount; label++)
                    {
                        result[(column * classCount) + label] = Bilinear.Between(
                            scores[upperLeft + label],
                            scores[upperRight + label],
                            scores[lowerLeft + label],
                            scores[lowerRight + label],
                            down,
                            along
                        );
                    }
                }
            }
        );
}
