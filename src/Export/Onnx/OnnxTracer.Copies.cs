using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Export.Onnx;

internal sealed partial class OnnxTracer
{
    /// <summary>
    /// All slices, concatenations and paddings are copies of columns, of tensors seen as rows: which axis is meant follows from
    /// the number of columns.
    /// </summary>
    public override void CopyChannels(Tensor x, int xStart, Tensor y, int yStart, int count)
    {
        base.CopyChannels(x, xStart, y, yStart, count);
        if (ConstantOf(x) is { } source && known.GetValueOrDefault(y.Pointer) is null or TracedConstant)
        {
            CopyConstant(source, x, xStart, y, yStart, count);
            return;
        }

        Traced part = PartOf(x, xStart, count);
        if (count == y.Shape[^1])
        {
            known[y.Pointer] = part;
            return;
        }

        TracedAssembly target =
            known.GetValueOrDefault(y.Pointer) is TracedAssembly begun && begun.Columns == y.Shape[^1]
                ? begun
                : new TracedAssembly(y.Shape[^1]);
        known[y.Pointer] = target;
        target.Parts.Add((yStart, count, part));
    }

    private void CopyConstant(float[] source, Tensor x, int xStart, Tensor y, int yStart, int count)
    {
        float[] target = ConstantOf(y) is { } filled ? [.. filled] : new float[y.Count];
        int from = x.Shape[^1],
            to = y.Shape[^1];
        for (int row = 0; row < y.Count / to; row++)
            source.AsSpan((row * from) + xStart, count).CopyTo(target.AsSpan((row * to) + yStart));
        known[y.Pointer] = new TracedConstant(((TracedConstant)known[x.Pointer]).Name, new Lazy<float[]>(target));
    }

    /// <summary>Some columns of a tensor that is seen as rows.</summary>
    private Traced PartOf(Tensor rows, int start, int count)
    {
        int columns = rows.Shape[^1];
        if (known.GetValueOrDefault(rows.Pointer) is TracedChannels channels && columns == channels.Values.Length)
            return new TracedChannels(channels.Values[start..(start + count)]);
        if (known.GetValueOrDefault(rows.Pointer) is not TracedResult result)
            throw Untranslated($"with a part of a tensor {rows.Shape} that no translated operation left");
        if (count == columns)
            return result;

        // An axis of which a row has all elements, or some steps of it.
        Shape shape = result.Shape;
        int inner = 1;
        for (int axis = shape.Rank - 1; axis > 0; inner *= shape[axis], axis--)
        {
            if (columns == shape[axis] * inner && start % inner == 0 && count % inner == 0)
                return Slice(result, axis, start / inner, (start + count) / inner, step: 1);
            int step = columns / inner;
            if (columns % inner == 0 && start == 0 && count == inner && step > 1 && shape[axis] % step == 0)
                return Slice(result, axis, 0, shape[axis], step);
        }

        throw Untranslated($"with {count} of {columns} columns of {shape}");
    }

    private TracedResult Slice(TracedResult x, int axis, int start, int end, int step)
    {
        HasFixedSize |= axis < x.Shape.Rank - 1 && step == 1;
        string name = graph.Add(
            "Slice",
            "part",
            [
                x.Name,
                graph.Integers(start),
                graph.Integers(step == 1 ? end : int.MaxValue),
                graph.Integers(AxisOf(x.Shape, axis)),
                graph.Integers(step),
            ]
        );
        return new TracedResult(name, x.Shape.With(axis, (end - start) / step));
    }

    /// <summary>The parts side by side, along the axis of which a row has all elements.</summary>
    private TracedResult Assembled(TracedAssembly assembly, Shape shape)
    {
        (int Start, int Count, Traced Part)[] parts = [.. assembly.Parts.OrderBy(part => part.Start)];
        int axis = shape.Rank - 1,
            inner = 1;
        while (axis > 0 && inner * shape[axis] < assembly.Columns)
            inner *= shape[axis--];
        int end = 0;
        var names = new List<string>();
        foreach ((int start, int length, Traced part) in parts)
        {
            if (start != end || inner * shape[axis] != assembly.Columns || length % inner != 0)
                throw Untranslated($"a tensor {shape} that is copied together with gaps");
            names.Add(
                part switch
                {
                    TracedResult result when result.Shape == shape.With(axis, length / inner) => result.Name,
                    TracedChannels channels when axis == shape.Rank - 1 => Spread(channels, shape, parts),
                    _ => throw Untranslated($"a tensor {shape} of parts that do not fit"),
                }
            );
            end += length;
        }

        if (end != assembly.Columns)
            throw Untranslated($"a tensor {shape} that is copied together with gaps");
        return new TracedResult(graph.Add("Concat", "joined", names, OnnxGraph.Attribute("axis", AxisOf(shape, axis))), shape);
    }

    /// <summary>Numbers, one for each channel, as an image beside another of one channel, from which its size is taken.</summary>
    private string Spread(TracedChannels channels, Shape shape, (int Start, int Count, Traced Part)[] parts)
    {
        TracedResult beside =
            parts.Select(part => part.Part).OfType<TracedResult>().FirstOrDefault(result => result.Shape[^1] == 1)
            ?? throw Untranslated("planes of one number each beside images of several channels");
        string size = graph.Add("Shape", "size", [beside.Name]);
        return graph.Add("Expand", "planes", [PerChannel("plane", channels.Values, shape), size]);
    }
}
