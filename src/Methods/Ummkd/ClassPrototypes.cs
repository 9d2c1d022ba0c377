using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// The <see cref="PrototypeContrast"/> of the features before the read-out: class means of a batch are drawn to the other
/// modality's prototype of their class, and pushed from those of other classes. Prototypes are running means, over batches, of
/// the directions of the class means, this batch among them. In training only.
/// </summary>
internal sealed class ClassPrototypes : ILossAddition
{
    private readonly PrototypeConfig settings;
    private readonly int modalities,
        classes;
    private readonly NetworkStage stage;
    private readonly RunningMeans bank;

    /// <param name="network">Has stages, the last of which reads out.</param>
    /// <param name="settings">Weight, temperature, memory.</param>
    /// <param name="modalities">How many.</param>
    public ClassPrototypes(ISegmentationNetwork network, PrototypeConfig settings, int modalities)
    {
        (this.settings, this.modalities, classes, stage) = (settings, modalities, network.Classes, network.Stages[^2]);
        bank = new RunningMeans("prototypes", settings.Memory, new Shape(modalities, classes), stage.Channels);
    }

    public IReadOnlyList<HostNumbers> State => [bank.State];

    public IAddedTerm TermOf(DeviceBatch batch, Func<Shape, DType, Tensor> exchange) => new Term(this, batch, exchange);

    /// <summary>The contrast of a batch, and the prototypes with it among them.</summary>
    /// <param name="means">By modality and class; null where the batch lacks the class.</param>
    private PrototypeContrast Compare(double[]?[][] means)
    {
        bank.Begin();
        for (int m = 0; m < modalities; m++)
        {
            for (int c = 0; c < classes; c++)
            {
                if (means[m][c] is { } mean && Math.Sqrt(mean.Sum(value => value * value)) is > 0 and var length)
                    bank.Add((m * classes) + c, [.. mean.Select(value => value / length)]);
            }
        }

        return new PrototypeContrast(
            settings.Temperature,
            means,
            [
                .. Enumerable
                    .Range(0, modalities)
                    .Select(m => Enumerable.Range(0, classes).Select(c => bank.SumOf((m * classes) + c)).ToArray()),
            ]
        );
    }

    private sealed class Term : IAddedTerm
    {
        private readonly ClassPrototypes owner;
        private readonly ModalityIndex groups;
        private readonly Tensor labels,
            left,
            gradient;
        private Variable? sums;

        public Term(ClassPrototypes owner, DeviceBatch batch, Func<Shape, DType, Tensor> exchange)
        {
            (this.owner, groups, labels) = (owner, batch.Groups, batch[VariedSamples.Labels]);
            var shape = new Shape(groups.Samples, owner.classes, owner.stage.Channels);
            (left, gradient) = (exchange(shape, DType.Float32), exchange(shape, DType.Float32));
        }

        public IReadOnlyList<NetworkStage> Stages => [owner.stage];

        /// <summary>Per sample and class, the sum of the features over its positions.</summary>
        public void Forward(ForwardContext context, FeatureTaps taps)
        {
            Tape tape = context.Tape;
            Variable features = taps[owner.stage].Features;
            var positions = new Shape(groups.Samples, checked((int)(labels.Count / groups.Samples)));
            Tensor ones = tape.Allocate(positions, DType.Float32);
            tape.Backend.Fill(ones, 1);
            Variable isOfClass = tape.Scatter(
                tape.Input(ones),
                labels.Reshape(positions),
                new Shape([.. positions.AsSpan(), owner.classes])
            );
            Variable rows = tape.Reshape(
                tape.Convert(features, DType.Float32),
                new Shape([.. positions.AsSpan(), owner.stage.Channels])
            );
            sums = tape.BatchedMatMul(isOfClass, rows, transposeA: true);
            tape.Backend.Affine(sums.Value, 1, 0, left);
            Tape.Release(features);
        }

        public (double Total, IReadOnlyList<LossTerm> Terms) Decide(IReadOnlyList<SegmentationSums> ofBatch)
        {
            PrototypeContrast contrast = owner.Compare(Means(ofBatch));
            gradient.Load<float>([.. Rows().SelectMany(row => Gradient(contrast, ofBatch, row.Modality, row.Class))]);
            return (
                owner.settings.Weight * contrast.Loss,
                [new LossTerm("prototypes", contrast.Loss, "contrast between class means and prototypes")]
            );
        }

        public Variable Join(Tape tape, Variable total) =>
            tape.Add(total, tape.Sum(tape.Multiply(sums!, new Variable(gradient))));

        public void Accepted() => owner.bank.Accept();

        /// <summary>Modality and class of each row of sums.</summary>
        private IEnumerable<(int Modality, int Class)> Rows() =>
            from sample in Enumerable.Range(0, groups.Samples)
            from c in Enumerable.Range(0, owner.classes)
            select (groups[sample], c);

        private double[]?[][] Means(IReadOnlyList<SegmentationSums> ofBatch)
        {
            float[] values = left.ToArray<float>();
            int channels = owner.stage.Channels;
            double[]?[][] means = [.. ofBatch.Select(of => of.Counts.Select(n => n > 0 ? new double[channels] : null).ToArray())];
            foreach ((int row, (int m, int c)) in Rows().Index())
            {
                if (means[m][c] is not { } mean)
                    continue;
                for (int k = 0; k < channels; k++)
                    mean[k] += values[(row * channels) + k] / ofBatch[m].Counts[c];
            }

            return means;
        }

        /// <summary>Of the weighted loss, for a sum of a sample of a modality.</summary>
        private IEnumerable<float> Gradient(PrototypeContrast contrast, IReadOnlyList<SegmentationSums> ofBatch, int m, int c)
        {
            double count = ofBatch[m].Counts[c];
            return count > 0
                ? contrast.Gradients[m][c].Select(value => (float)(owner.settings.Weight * value / count))
                : Enumerable.Repeat(0f, owner.stage.Channels);
        }
    }
}
