using UnpairedSegEngine.Export.Onnx.Proto;

namespace UnpairedSegEngine.Export.Onnx;

/// <summary>
/// Makes a factor or a term per channel behind a convolution part of its kernel and bias: a normalization by constant statistics
/// is both. (w * x) s + t = (w s) * x + t: the same in real numbers, and one rounding of each weight in float32.
/// </summary>
internal static class AffineFolding
{
    /// <summary>Folds wherever the convolution's result is read by nothing else.</summary>
    public static void Apply(OnnxGraph graph)
    {
        foreach (NodeProto node in graph.Nodes.Where(node => node.OpType is "Mul" or "Add").ToArray())
        {
            if (
                graph.ProducerOf(node.Input[0]) is { OpType: "Conv" or "ConvTranspose" } convolution
                && graph.ConstantOf(node.Input[1]) is { } perChannel
                && perChannel.Values.Length == OutputsOf(graph, convolution)
                && graph.ReadersOf(convolution.Output[0]) == 1
            )
                Fold(graph, convolution, node, perChannel.Values);
        }
    }

    /// <summary>Kernels are (output, input, ...) channels, those of transposed convolutions (input, output, ...).</summary>
    private static int OutputsOf(OnnxGraph graph, NodeProto convolution) =>
        graph.ConstantOf(convolution.Input[1])!.Dims[convolution.OpType == "Conv" ? 0 : 1];

    private static void Fold(OnnxGraph graph, NodeProto convolution, NodeProto affine, float[] perChannel)
    {
        float[]? bias = convolution.Input.Count > 2 ? graph.ConstantOf(convolution.Input[2])!.Values : null;
        if (affine.OpType == "Mul")
        {
            OnnxConstant kernel = graph.ConstantOf(convolution.Input[1])!;
            convolution.Input[1] = graph.Add($"{convolution.Input[1]}.scaled", Scaled(kernel, convolution.OpType, perChannel));
            if (bias is not null)
                SetBias(graph, convolution, [.. bias.Zip(perChannel, (b, s) => b * s)]);
        }
        else
        {
            SetBias(graph, convolution, bias is null ? perChannel : [.. bias.Zip(perChannel, (b, t) => b + t)]);
        }

        // The convolution leaves what the folded node left.
        convolution.Output[0] = affine.Output[0];
        graph.Nodes.Remove(affine);
    }

    private static void SetBias(OnnxGraph graph, NodeProto convolution, float[] bias)
    {
        string name = graph.Add($"{convolution.Name}.bias", new OnnxConstant([bias.Length], bias));
        if (convolution.Input.Count > 2)
            convolution.Input[2] = name;
        else
            convolution.Input.Add(name);
    }

    private static OnnxConstant Scaled(OnnxConstant kernel, string operation, float[] factors)
    {
        int taps = kernel.Values.Length / kernel.Dims[0] / kernel.Dims[1],
            channels = factors.Length,
            inner = operation == "Conv" ? kernel.Dims[1] * taps : taps;
        var scaled = new float[kernel.Values.Length];
        for (int i = 0; i < scaled.Length; i++)
            scaled[i] = kernel.Values[i] * factors[i / inner % channels];
        return kernel with { Values = scaled };
    }
}
