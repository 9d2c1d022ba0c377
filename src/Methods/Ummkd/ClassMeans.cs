using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// <see cref="RunningMeans"/> of the class-mean logits of groups of samples. A batch has few samples, and its class means differ
/// from those of the next one about as much as from those of another modality.
/// </summary>
internal sealed class ClassMeans
{
    private readonly int classes;
    private readonly RunningMeans means;

    /// <param name="name">In checkpoints.</param>
    /// <param name="decay">Weight of a batch, relative to the one after it, in [0, 1).</param>
    /// <param name="groups">How many groups.</param>
    /// <param name="classes">Of the logits.</param>
    public ClassMeans(string name, double decay, int groups, int classes)
    {
        this.classes = classes;
        means = new RunningMeans(name, decay, new Shape(groups, classes), classes);
    }

    /// <summary>Per group and class, the decayed sum of the batches' means, and behind it that of their weights.</summary>
    public HostNumbers State => means.State;

    /// <summary>
    /// The sums of a batch as if its class means were the running ones, with this batch among them. The state is the same until
    /// <see cref="Accept"/>.
    /// </summary>
    /// <param name="batch">By group.</param>
    public IReadOnlyList<SegmentationSums> Average(IReadOnlyList<SegmentationSums> batch)
    {
        means.Begin();
        return
        [
            .. batch.Select(
                (sums, group) =>
                    sums with
                    {
                        LogitSums =
                        [
                            .. sums.LogitSums.Select((logits, c) => Average(logits, sums.Counts[c], (group * classes) + c)),
                        ],
                    }
            ),
        ];
    }

    /// <summary>The batch that was averaged last is part of the running means from now on.</summary>
    public void Accept() => means.Accept();

    private double[] Average(IReadOnlyList<double> logitSums, double count, int row)
    {
        if (count == 0)
            return [.. logitSums];
        ReadOnlySpan<double> running = means.Add(row, [.. logitSums.Select(sum => sum / count)]);
        var averaged = new double[classes];
        for (int k = 0; k < classes; k++)
            averaged[k] = count * running[k] / running[classes];
        return averaged;
    }
}
