using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>
/// <see cref="BlockPrediction"/> on the device: the same weighted sums in the same order, so the same bits. Only finished slices
/// come home, one behind: their sums, or the classes of the greatest.
/// </summary>
internal sealed class DeviceBlockPrediction : IDisposable
{
    private readonly NetworkEvaluator network;
    private readonly BlockLayout layout;
    private readonly List<Tensor> owned = [];
    private readonly Tensor band,
        bandLines,
        box,
        boxLines,
        weighted,
        weights,
        slice; // scores, or the greatest of them
    private readonly Tensor? labels;
    private readonly IRecordedOutput output;
    private Tensor sums, // (block depth, height x width x classes), weighted
        next;
    private BlockPlace? weightsOf;

    private DeviceBlockPrediction(NetworkEvaluator network, BlockLayout layout, bool takesLabels)
    {
        (this.network, this.layout) = (network, layout);
        SampleShape block = layout.Block;
        try
        {
            (sums, next) = (Allocate(block.Depth, SliceScores), Allocate(block.Depth, SliceScores));
            band = Allocate(block.Depth, block.Height * LineScores);
            bandLines = View(band, block.Depth * block.Height, LineScores);
            box = Allocate(1, BlockScores);
            boxLines = View(box, block.Depth * block.Height, block.Width * network.Classes);
            (weighted, weights) = (Allocate(1, BlockScores), Allocate(1, BlockScores));
            slice = Allocate(layout.Height, takesLabels ? layout.Width : LineScores);
            labels = takesLabels ? Own(Tensor.Allocate(Backend.Device, slice.Shape, DType.Int32).Detach()) : null;
            output = Backend.Recorder!.CreateOutput(labels ?? slice);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private Backend Backend => network.Backend;

    private int LineScores => checked(layout.Width * network.Classes);

    private int SliceScores => checked(layout.Height * LineScores);

    private int BlockScores => checked(layout.Block.PixelCount * network.Classes);

    /// <summary>Null where passes are not recorded, or the device has no room for two slabs of sums.</summary>
    /// <param name="network">Evaluates blocks.</param>
    /// <param name="layout">Of the blocks.</param>
    /// <param name="takesLabels">Whether <see cref="Labels"/> will be asked for, not <see cref="Scores"/>.</param>
    public static DeviceBlockPrediction? TryOpen(NetworkEvaluator network, BlockLayout layout, bool takesLabels)
    {
        if (!network.IsRecording || (long)layout.Block.Depth * layout.Height * layout.Width * network.Classes > int.MaxValue)
            return null;
        try
        {
            return new DeviceBlockPrediction(network, layout, takesLabels);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>(height, width) of each slice in order: the class of the greatest weighted sum.</summary>
    public IEnumerable<(int Slice, ReadOnlyMemory<int> Labels)> Labels(PassKind kind, CancellationToken stop) =>
        Run(kind, stop).Select(finished => (finished, output.Read<int>()));

    /// <summary>(height, width, classes) of each slice in order. The memory is used again for the next.</summary>
    public IEnumerable<(int Slice, ReadOnlyMemory<float> Scores)> Scores(PassKind kind, CancellationToken stop)
    {
        var scores = new float[SliceScores];
        foreach (int finished in Run(kind, stop))
        {
            layout.TakeMean(finished, output.Read<float>(), scores);
            yield return (finished, scores);
        }
    }

    public void Dispose()
    {
        output?.Dispose();
        owned.ForEach(tensor => tensor.Dispose());
    }

    /// <summary>The slices that are finished, in order, each when the output has it to read.</summary>
    /// <param name="kind">Of the passes.</param>
    /// <param name="stop">Looked at before each pass.</param>
    private IEnumerable<int> Run(PassKind kind, CancellationToken stop)
    {
        int? before = null;
        Backend.Fill(sums, 0);
        foreach (BlockPlace[] batch in network.Start(layout.Places, layout.Read, kind, stop))
        {
            foreach ((int i, BlockPlace place) in batch.Index())
            {
                Add(i, place);
                if (!layout.EndsSlab(place))
                    continue;
                int slices = 0;
                foreach (int finished in layout.FinishedBy(place.Slab))
                {
                    Take(slices++);
                    if (before is { } earlier)
                        yield return earlier;
                    output.Fetch();
                    before = finished;
                }

                MoveOn(slices);
            }
        }

        if (before is { } last)
            yield return last;
    }

    /// <summary>Adds a block of a batch to the sums: they are taken out of the slab, lines after planes, and put back.</summary>
    private void Add(int sample, BlockPlace place)
    {
        using Tensor logits = network.Result.Part((long)sample * BlockScores, box.Shape);
        int plane = layout.Rows.Starts[place.Row] * LineScores,
            line = layout.Columns.Starts[place.Column] * network.Classes;
        LoadWeights(place);
        Backend.Binary(BinaryFunction.Multiply, logits, weights, weighted);
        Backend.CopyChannels(sums, plane, band, 0, band.Shape[1]);
        Backend.CopyChannels(bandLines, line, boxLines, 0, boxLines.Shape[1]);
        Backend.Binary(BinaryFunction.Add, box, weighted, box);
        Backend.CopyChannels(boxLines, 0, bandLines, line, boxLines.Shape[1]);
        Backend.CopyChannels(band, 0, sums, plane, band.Shape[1]);
    }

    /// <summary>What the output brings of a slice of the slab.</summary>
    private void Take(int place)
    {
        using Tensor scores = sums.Part((long)place * SliceScores, new Shape(layout.Height, LineScores));
        if (labels is null)
            Backend.Convert(scores, slice);
        else
            Backend.Max(scores, layout.Height * layout.Width, network.Classes, 1, slice, labels);
    }

    /// <summary>The slab begins so many slices later; what it reaches anew is zero.</summary>
    private void MoveOn(int slices)
    {
        int kept = layout.Block.Depth - slices;
        Backend.Fill(next, 0);
        if (kept > 0)
        {
            var shape = new Shape(kept, SliceScores);
            using Tensor from = sums.Part((long)slices * SliceScores, shape),
                to = next.Part(0, shape);
            Backend.Convert(from, to);
        }

        (sums, next) = (next, sums);
    }

    /// <summary>Most blocks have the weights of the one before.</summary>
    private void LoadWeights(BlockPlace place)
    {
        if (weightsOf is { } known && layout.WeighAlike(known, place))
            return;
        weights.Load<float>(layout.WeightsOf(place, network.Classes));
        weightsOf = place;
    }

    private Tensor Allocate(int rows, int columns) =>
        Own(Tensor.Allocate(Backend.Device, new Shape(rows, columns), DType.Float32).Detach());

    private Tensor View(Tensor tensor, int rows, int columns) => Own(tensor.Reshape(new Shape(rows, columns)).Detach());

    private Tensor Own(Tensor tensor)
    {
        owned.Add(tensor);
        return tensor;
    }
}
