using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Export.Onnx;

internal sealed partial class OnnxTracer
{
    public override void Fill(Tensor y, double value)
    {
        base.Fill(y, value);
        long count = y.Count;
        known[y.Pointer] = new TracedConstant(
            null,
            new Lazy<float[]>(() =>
            {
                var values = new float[count];
                values.AsSpan().Fill((float)value);
                return values;
            })
        );
    }

    public override void Convert(Tensor x, Tensor y)
    {
        base.Convert(x, y);
        known[y.Pointer] = ResultOf(x);
    }

    public override void Dropout(Tensor x, DropoutMask mask, Tensor y)
    {
        base.Dropout(x, mask, y);
        known[y.Pointer] = mask.IsActive ? throw Untranslated("dropout") : ResultOf(x);
    }

    public override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y)
    {
        base.Binary(function, a, b, y);
        if (known.GetValueOrDefault(a.Pointer) is TracedChannels && function is BinaryFunction.Add or BinaryFunction.Multiply)
            (a, b) = (b, a);
        string operation = function switch
        {
            BinaryFunction.Add => "Add",
            BinaryFunction.Subtract => "Sub",
            BinaryFunction.Multiply => "Mul",
            BinaryFunction.Divide => "Div",
            _ => throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function of two tensors"),
        };
        string first = ResultOf(a).Name,
            second = known.GetValueOrDefault(b.Pointer) is TracedChannels channels
                ? PerChannel($"{first}.operand", channels.Values, y.Shape)
                : ResultOf(b).Name;
        Set(y, graph.Add(operation, operation.ToLowerInvariant(), [first, second]));
    }

    public override void Unary(UnaryFunction function, Tensor x, Tensor y)
    {
        base.Unary(function, x, y);
        string operation = function switch
        {
            UnaryFunction.Exponential => "Exp",
            UnaryFunction.Logarithm => "Log",
            UnaryFunction.SquareRoot => "Sqrt",
            UnaryFunction.Absolute => "Abs",
            UnaryFunction.Sign => "Sign",
            UnaryFunction.Relu => "Relu",
            UnaryFunction.Sigmoid => "Sigmoid",
            UnaryFunction.HyperbolicTangent => "Tanh",
            UnaryFunction.Softplus => "Softplus",
            _ => throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function of one tensor"),
        };
        Set(y, graph.Add(operation, operation.ToLowerInvariant(), [ResultOf(x).Name]));
    }

    public override void Affine(Tensor x, double scale, double offset, Tensor y)
    {
        base.Affine(x, scale, offset, y);
        string name = graph.Add("Mul", "scaled", [ResultOf(x).Name, graph.Add("scale", new OnnxConstant([], [(float)scale]))]);
        if (offset != 0)
            name = graph.Add("Add", "offset", [name, graph.Add("offset", new OnnxConstant([], [(float)offset]))]);
        Set(y, name);
    }

    public override void LeakyReluForward(Tensor x, double slope, Tensor y)
    {
        base.LeakyReluForward(x, slope, y);
        Set(y, Activated(ResultOf(x).Name, slope, "activation"));
    }

    /// <summary>The sum over all positions.</summary>
    public override void Sum(Tensor x, int outer, int reduced, int inner, Tensor y)
    {
        base.Sum(x, outer, reduced, inner, y);
        TracedResult images = ResultOf(x);
        if (images.Shape.Rank != 5 || outer != images.Shape[0] || inner != images.Shape[^1])
            throw Untranslated($"sums over some axes of {x.Shape}");
        HasFixedSize = true;
        string axes = graph.Integers(Enumerable.Range(2, AxesOf(images.Shape).Length - 2).Select(axis => (long)axis));
        Set(y, graph.Add("ReduceSum", "sum", [images.Name, axes], OnnxGraph.Attribute("keepdims", 0)));
    }

    /// <summary>Of numbers, one for each channel, at all positions: nodes broadcast them. Or of one channel to several.</summary>
    public override void Broadcast(Tensor x, int outer, int repeated, int inner, Tensor y)
    {
        base.Broadcast(x, outer, repeated, inner, y);
        if (outer == 1 && inner == y.Shape[^1] && ConstantOf(x) is { } values)
            known[y.Pointer] = new TracedChannels(values);
        else if (
            known.GetValueOrDefault(x.Pointer) is TracedResult { Shape: { Rank: 5 } shape } result
            && inner == 1
            && outer == shape.Count
            && shape.With(^1, repeated) == y.Shape
        )
            Set(
                y,
                graph.Add("Mul", "repeated", [result.Name, PerChannel("ones", [.. Enumerable.Repeat(1f, repeated)], y.Shape)])
            );
    }

    public override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y)
    {
        base.MatMul(a, transposeA, b, transposeB, y);
        if (transposeA || transposeB)
            throw Untranslated("a product of transposed matrices");
        string name = LayerOf(b, KernelEnding) ?? "product";
        string weights = graph.Add(
            name + KernelEnding,
            new OnnxConstant([b.Shape[0], b.Shape[1]], RequireConstant(b, "matrices"))
        );
        Set(y, graph.Add("MatMul", name, [ResultOf(a).Name, weights]));
    }

    public override void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice)
    {
        base.MaxPoolForward(problem, x, y, choice);
        Pool("MaxPool", problem, x, y);
    }

    /// <summary>As ONNX has it where padding is not counted, which is its default.</summary>
    public override void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y)
    {
        base.AveragePoolForward(problem, x, y);
        Pool("AveragePool", problem, x, y);
    }

    /// <summary>ONNX's order "CRD" is ours; the other has rows and columns of sub-positions exchanged before.</summary>
    public override void PixelShuffle(Tensor x, int factor, bool transposed, Tensor y)
    {
        base.PixelShuffle(x, factor, transposed, y);
        if (!isPlanar)
            throw Untranslated("a pixel shuffle of volumes");
        string name = ResultOf(x).Name;
        if (transposed)
        {
            int area = factor * factor;
            string order = graph.Integers(
                Enumerable
                    .Range(0, x.Shape[^1])
                    .Select(i => (long)((i / area * area) + (i % factor * factor) + (i % area / factor)))
            );
            name = graph.Add("Gather", "sub_positions", [name, order], OnnxGraph.Attribute("axis", 1));
        }

        Set(
            y,
            graph.Add(
                "DepthToSpace",
                "pixel_shuffle",
                [name],
                OnnxGraph.Attribute("blocksize", factor),
                OnnxGraph.Attribute("mode", "CRD")
            )
        );
    }

    public override void ResidualAdd(Tensor shortcut, Tensor branch, DropoutMask mask, Tensor y)
    {
        base.ResidualAdd(shortcut, branch, mask, y);
        if (mask.IsActive)
            throw Untranslated("dropout");
        string name = ResultOf(shortcut).Name;
        int missing = branch.Shape[^1] - shortcut.Shape[^1];
        if (missing > 0)
            name = Padded(name, branch.Shape, branch.Shape.Rank - 1, missing / 2, missing - (missing / 2));
        Set(y, graph.Add("Add", "residual", [ResultOf(branch).Name, name]));
    }

    private void Pool(string operation, PoolingProblem problem, Tensor x, Tensor y)
    {
        Size3 after = Size3.Map(a =>
            Math.Max(((problem.Output[a] - 1) * problem.Stride[a]) + problem.Window[a] - problem.Input[a], 0)
            - problem.PadBefore[a]
        );
        HasFixedSize |= problem.PadBefore != Size3.Zero || after != Size3.Zero || problem.Window != problem.Stride;
        if (isPlanar && problem.Window.Depth > 1)
            throw Untranslated("a pooling along the depth of images of one slice");
        Set(
            y,
            graph.Add(
                operation,
                "pool",
                [ResultOf(x).Name],
                OnnxGraph.Attribute("kernel_shape", Spatial(problem.Window)),
                OnnxGraph.Attribute("strides", Spatial(problem.Stride)),
                OnnxGraph.Attribute("pads", [.. Spatial(problem.PadBefore), .. Spatial(after)])
            )
        );
    }

    /// <summary>With zeros around it along one of our axes.</summary>
    private string Padded(string name, Shape shape, int axis, int before, int after)
    {
        int rank = AxesOf(shape).Length,
            at = AxisOf(shape, axis);
        var pads = new long[2 * rank];
        (pads[at], pads[rank + at]) = (before, after);
        return graph.Add("Pad", "padded", [name, graph.Integers(pads)]);
    }
}
