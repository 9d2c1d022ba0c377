namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Brings one slice from one in-plane grid to another.</summary>
internal sealed class SliceResampling(AxisSampling rows, AxisSampling columns, int sourceWidth)
{
    /// <summary>Bilinear interpolation of an image slice; <paramref name="outside"/> where the target reaches beyond the source.</summary>
    public void Interpolate(ReadOnlySpan<float> source, float outside, Span<float> target)
    {
        for (int row = 0, pixel = 0; row < rows.Count; row++)
        {
            ReadOnlySpan<float> upper = source.Slice(rows.Before[row] * sourceWidth, sourceWidth);
            ReadOnlySpan<float> lower = source.Slice(rows.After[row] * sourceWidth, sourceWidth);
            for (int column = 0; column < columns.Count; column++, pixel++)
            {
                int left = columns.Before[column], right = columns.After[column];
                float along = columns.Fraction[column];
                float above = upper[left] + (along * (upper[right] - upper[left]));
                float below = lower[left] + (along * (lower[right] - lower[left]));
                target[pixel] = rows.Inside[row] && columns.Inside[column] ? above + (rows.Fraction[row] * (below - above)) : outside;
            }
        }
    }

    /// <summary>The nearest pixel of a class map; background where the target reaches beyond the source.</summary>
    public void TakeNearest(ReadOnlySpan<byte> source, Span<byte> target)
    {
        for (int row = 0, pixel = 0; row < rows.Count; row++)
        {
            int nearestRow = rows.Fraction[row] < 0.5f ? rows.Before[row] : rows.After[row];
            for (int column = 0; column < columns.Count; column++, pixel++)
            {
                int nearestColumn = columns.Fraction[column] < 0.5f ? columns.Before[column] : columns.After[column];
                target[pixel] = rows.Inside[row] && columns.Inside[column]
                    ? source[(nearestRow * sourceWidth) + nearestColumn]
                    : LabelValue.Background;
            }
        }
    }

    /// <summary>The class of the highest score after bilinear interpolation of the scores, (height, width, classes); the lowest class on ties.</summary>
    public void TakeHighestScore(ReadOnlySpan<float> scores, int classCount, Span<byte> target)
    {
        for (int row = 0, pixel = 0; row < rows.Count; row++)
        {
            float down = rows.Fraction[row];
            int upper = rows.Before[row] * sourceWidth, lower = rows.After[row] * sourceWidth;
            for (int column = 0; column < columns.Count; column++, pixel++)
            {
                float along = columns.Fraction[column];
                ReadOnlySpan<float> upperLeft = At(scores, upper + columns.Before[column]), upperRight = At(scores, upper + columns.After[column]);
                ReadOnlySpan<float> lowerLeft = At(scores, lower + columns.Before[column]), lowerRight = At(scores, lower + columns.After[column]);
                float highest = float.NegativeInfinity;
                for (int label = 0; label < classCount; label++)
                {
                    float above = upperLeft[label] + (along * (upperRight[label] - upperLeft[label]));
                    float below = lowerLeft[label] + (along * (lowerRight[label] - lowerLeft[label]));
                    float score = above + (down * (below - above));
                    if (score > highest)
                    {
                        highest = score;
                        target[pixel] = (byte)label;
                    }
                }
            }
        }

        ReadOnlySpan<float> At(ReadOnlySpan<float> all, int pixel) => all.Slice(pixel * classCount, classCount);
    }
}
