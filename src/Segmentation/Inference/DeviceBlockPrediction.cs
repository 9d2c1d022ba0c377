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
        slice;
    private readonly Tensor? greatest,
        labels;
    private readonly IRecordedOutput output;
    private Slab sums,
        next;
    private BlockPlace? weightsOf;

    private DeviceBlockPrediction(NetworkEvaluator network, BlockLayout layout, bool takesLabels)
    {
        (this.network, this.layout) = (network, layout);
        SampleShape block = layout.Block;
        try
        {
            (sums, next) = (NewSlab(), NewSlab());
            band = Allocate(block.Depth, block.Height * LineScores);
            bandLines = View(band, block.Depth * block.Height, LineScores);
            box = Allocate(1, BlockScores);
            boxLines = View(box, block.Depth * block.Height, block.Width * network.Classes);
            (weighted, weights, slice) = (Allocate(1, BlockScores), Allocate(1, BlockScores), Allocate(1, SliceScores));
            if (takesLabels)
            {
                greatest = Allocate(layout.Height, layout.Width);
                labels = Own(Tensor.Allocate(Backend.Device, greatest.Shape, DType.Int32).Detach());
            }

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
        Backend.Fill(sums.Whole, 0);
        foreach (BlockPlace[] batch in network.Start(layout.Places, layout.Read, kind, stop))
        {
            using Tensor logits = network.Result.Reshape(new Shape(1, checked((int)network.Result.Count)));
            foreach ((int i, BlockPlace place) in batch.Index())
            {
                Add(logits, i, place);
                if (!layout.EndsSlab(place))
                    continue;
                int slices = 0;
                foreach (int finished in layout.FinishedBy(place.Slab))
                {
                    Backend.CopyChannels(sums.Whole, slices++ * SliceScores, slice, 0, SliceScores);
                    if (labels is not null)
                        Backend.Max(slice, layout.Height * layout.Width, network.Classes, 1, greatest!, labels);
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
    private void Add(Tensor logits, int sample, BlockPlace place)
    {
        int plane = layout.Rows.Starts[place.Row] * LineScores,
            line = layout.Columns.Starts[place.Column] * network.Classes;
        LoadWeights(place);
        Backend.CopyChannels(logits, sample * BlockScores, weighted, 0, BlockScores);
        Backend.Binary(BinaryFunction.Multiply, weighted, weights, weighted);
        Backend.CopyChannels(sums.Planes, plane, band, 0, band.Shape[1]);
        Backend.CopyChannels(bandLines, line, boxLines, 0, boxLines.Shape[1]);
        Backend.Binary(BinaryFunction.Add, box, weighted, box);
        Backend.CopyChannels(boxLines, 0, bandLines, line, boxLines.Shape[1]);
        Backend.CopyChannels(band, 0, sums.Planes, plane, band.Shape[1]);
    }

    /// <summary>The slab begins so many slices later; what it reaches anew is zero.</summary>
    private void MoveOn(int slices)
    {
        int kept = layout.Block.Depth - slices;
        Backend.Fill(next.Whole, 0);
        if (kept > 0)
            Backend.CopyChannels(sums.Whole, slices * SliceScores, next.Whole, 0, kept * SliceScores);
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

    private Slab NewSlab()
    {
        Tensor planes = Allocate(layout.Block.Depth, SliceScores);
        return new Slab(planes, View(planes, 1, layout.Block.Depth * SliceScores));
    }

    private Tensor Allocate(int rows, int columns) =>
        Own(Tensor.Allocate(Backend.Device, new Shape(rows, columns), DType.Float32).Detach());

    private Tensor View(Tensor tensor, int rows, int columns) => Own(tensor.Reshape(new Shape(rows, columns)).Detach());

    private Tensor Own(Tensor tensor)
    {
        owned.Add(tensor);
        return tensor;
    }

    /// <summary>Weighted sums, (depth, height x width x classes), and the same memory as one row.</summary>
    private sealed record Slab(Tensor Planes, Tensor Whole);
}
