namespace UnpairedSegEngine.Storage;

/// <summary>How unlike two words are, for messages that name what somebody may have meant.</summary>
public static class EditDistance
{
    /// <summary>What is typed can be of any length; the work is quadratic.</summary>
    private const int LongestCompared = 100;

    /// <summary>The fewest insertions, deletions and replacements of characters that turn one into the other (Levenshtein
    /// 1966); of their beginnings, where they are long.</summary>
    public static int Of(string from, string to)
    {
        from = from[..Math.Min(from.Length, LongestCompared)];
        to = to[..Math.Min(to.Length, LongestCompared)];
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
