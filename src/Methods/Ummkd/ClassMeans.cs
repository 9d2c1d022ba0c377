using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// Running means of the class-mean logits of groups of samples. A batch has few samples, and its class means differ from
/// those of the next one about as much as from those of another modality. After n batches with the class its mean is
/// sum_i decay^(n - i) mean_i / sum_i decay^(n - i); a batch without the class leaves it as it is. All in float64.
/// </summary>
internal sealed class ClassMeans
{
    private readonly double decay;
    private readonly int classes;
    private readonly double[] next;

    /// <param name="name">In checkpoints.</param>
    /// <param name="decay">Weight of a batch, relative to the one after it, in [0, 1).</param>
    /// <param name="groups">How many groups.</param>
    /// <param name="classes">Of the logits.</param>
    public ClassMeans(string name, double decay, int groups, int classes)
    {
        (this.decay, this.classes) = (decay, classes);
        var shape = new Shape(groups, classes, classes + 1);
        next = new double[shape.Count];
        State = new HostNumbers(name, shape, new double[shape.Count]);
    }

    /// <summary>Per group and class, the decayed sum of the batches' means, and behind it that of their weights.</summary>
    public HostNumbers State { get; }

    /// <summary>
    /// The sums of a batch as if its class means were the running ones, with this batch among them. The state is the same until
    /// <see cref="Accept"/>.
    /// </summary>
    /// <param name="batch">By group.</param>
    public IReadOnlyList<SegmentationSums> Average(IReadOnlyList<SegmentationSums> batch)
    {
        State.Values.CopyTo(next, 0);
        return
        [
            .. batch.Select(
                (sums, group) =>
                    sums with
                    {
                        LogitSums = [.. sums.LogitSums.Select((logits, c) => Average(logits, sums.Counts[c], RowOf(group, c)))],
                    }
            ),
        ];
    }

    /// <summary>The batch that was averaged last is part of the running means from now on.</summary>
    public void Accept() => next.CopyTo(State.Values, 0);

    private Memory<double> RowOf(int group, int trueClass) =>
        next.AsMemory(((group * classes) + trueClass) * (classes + 1), classes + 1);

    private double[] Average(IReadOnlyList<double> logitSums, double count, Memory<double> running)
    {
        if (count == 0)
            return [.. logitSums];
        Span<double> row = running.Span;
        row[classes] = (decay * row[classes]) + 1;
        var averaged = new double[classes];
        for (int k = 0; k < classes; k++)
        {
            row[k] = (decay * row[k]) + (logitSums[k] / count);
            averaged[k] = count * row[k] / row[classes];
        }

        return averaged;
    }
}
