using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// Running means of vectors that batches bring, a mean for each of some rows. After n batches with a row its mean is
/// sum_i decay^(n - i) value_i / sum_i decay^(n - i); a batch without the row leaves it as it is. All in float64.
/// </summary>
internal sealed class RunningMeans
{
    private readonly double decay;
    private readonly int width;
    private readonly double[] next;

    /// <param name="name">In checkpoints.</param>
    /// <param name="decay">Weight of a batch, relative to the one after it, in [0, 1).</param>
    /// <param name="rows">Extents of the table of rows.</param>
    /// <param name="width">Of a vector.</param>
    public RunningMeans(string name, double decay, Shape rows, int width)
    {
        (this.decay, this.width) = (decay, width);
        var shape = new Shape([.. rows.AsSpan(), width + 1]);
        next = new double[shape.Count];
        State = new HostNumbers(name, shape, new double[shape.Count]);
    }

    /// <summary>Per row, the decayed sum of the batches' values, and behind it that of their weights.</summary>
    public HostNumbers State { get; }

    /// <summary>A batch begins; one that was not accepted leaves no trace.</summary>
    public void Begin() => State.Values.CopyTo(next, 0);

    /// <summary>Takes in what the batch has of a row. The state is the same until <see cref="Accept"/>.</summary>
    /// <param name="row">Its number.</param>
    /// <param name="value">Of the batch.</param>
    /// <returns>The row with this batch in it: the decayed sum, and behind it that of the weights.</returns>
    public ReadOnlySpan<double> Add(int row, IReadOnlyList<double> value)
    {
        Span<double> entries = next.AsSpan(row * (width + 1), width + 1);
        entries[width] = (decay * entries[width]) + 1;
        for (int k = 0; k < width; k++)
            entries[k] = (decay * entries[k]) + value[k];
        return entries;
    }

    /// <summary>A row's decayed sum with this batch in it, which points where its mean does; null before the first.</summary>
    public double[]? SumOf(int row)
    {
        ReadOnlySpan<double> entries = next.AsSpan(row * (width + 1), width + 1);
        return entries[width] > 0 ? entries[..width].ToArray() : null;
    }

    /// <summary>The batch is part of the means from now on.</summary>
    public void Accept() => next.CopyTo(State.Values, 0);
}
