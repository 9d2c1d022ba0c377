using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Export.Onnx.Proto;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Export.Onnx;

internal sealed partial class OnnxTracer
{
    private const string KernelEnding = ".kernel";

    public override void ConvolutionForward(
        ConvolutionProblem problem,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        bool accumulate = false
    )
    {
        base.ConvolutionForward(problem, x, w, bias, y, accumulate);
        Convolve(problem, ResultOf(x), w, bias, y, accumulate);
    }

    public override void FusedConvolutionForward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        OutputStatistics? statistics,
        bool accumulate = false
    )
    {
        base.FusedConvolutionForward(problem, input, x, w, bias, y, statistics, accumulate);
        TracedResult read = input is null
            ? ResultOf(x)
            : Normalized(input.Problem, x, input.Mean, input.Variance, input.Gamma, input.Beta);
        Convolve(problem, read, w, bias, y, accumulate);
        if (statistics is not null)
            statisticsOf[statistics.Mean.Pointer] = statisticsOf[statistics.Variance.Pointer] = y.Pointer;
    }

    /// <summary>A transposed convolution is the data gradient of a convolution.</summary>
    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx)
    {
        base.ConvolutionBackwardData(problem, gy, w, gx);
        if (problem.Padding != PaddingMode.Zero)
            throw Untranslated("a transposed convolution with mirrored borders");
        string name = LayerOf(w, KernelEnding) ?? "convolution";
        Size3 extra = Size3.Map(a =>
            problem.Input[a]
            - ((problem.Output[a] - 1) * problem.Stride[a])
            - problem.Reach[a]
            + problem.PadBefore[a]
            + problem.PadAfter[a]
        );
        Set(
            gx,
            graph.Add(
                "ConvTranspose",
                name,
                Words(ResultOf(gy).Name, graph.Add(name + KernelEnding, KernelOf(problem, w))),
                [.. Attributes(problem), OnnxGraph.Attribute("output_padding", Spatial(extra))]
            )
        );
    }

    private void Convolve(ConvolutionProblem problem, TracedResult read, Tensor w, Tensor? bias, Tensor y, bool accumulate)
    {
        HasFixedSize |= problem.Stride != Size3.One;
        if (problem.Padding == PaddingMode.Symmetric)
        {
            read = Mirrored(problem, read);
            problem = problem with { PadBefore = Size3.Zero, PadAfter = Size3.Zero };
        }

        string name = LayerOf(w, KernelEnding) ?? "convolution",
            input = read.Name;
        OnnxConstant kernel = KernelOf(problem, w);
        float[]? biases = bias is null ? null : RequireConstant(bias, "biases");
        if (accumulate)
        {
            // The sum of two convolutions is that of the inputs side by side: as such it was written in the network.
            NodeProto first = graph.ProducerOf(ResultOf(y).Name)!;
            kernel = SideBySide(graph.ConstantOf(first.Input[1])!, kernel);
            biases = first.Input.Count > 2 ? graph.ConstantOf(first.Input[2])!.Values : biases;
            graph.Remove(first);
            input = graph.Add("Concat", $"{name}.input", [first.Input[0], input], OnnxGraph.Attribute("axis", 1));
        }

        string[] inputs = [input, graph.Add(name + KernelEnding, kernel)];
        if (biases is not null)
            inputs = [.. inputs, graph.Add($"{name}.bias", new OnnxConstant([biases.Length], biases))];
        Set(y, graph.Add("Conv", name, inputs, Attributes(problem)));
    }

    private IEnumerable<AttributeProto> Attributes(ConvolutionProblem problem)
    {
        if (isPlanar && (problem.Kernel.Depth > 1 || problem.Stride.Depth > 1 || problem.PadBefore.Depth > 0))
            throw Untranslated($"a convolution {problem} along the depth of images of one slice");
        return
        [
            OnnxGraph.Attribute("kernel_shape", Spatial(problem.Kernel)),
            OnnxGraph.Attribute("strides", Spatial(problem.Stride)),
            OnnxGraph.Attribute("dilations", Spatial(problem.Dilation)),
            OnnxGraph.Attribute("pads", [.. Spatial(problem.PadBefore), .. Spatial(problem.PadAfter)]),
        ];
    }

    /// <summary>(kd, kh, kw, C, K) as (K, C, [kd,] kh, kw).</summary>
    private OnnxConstant KernelOf(ConvolutionProblem problem, Tensor w)
    {
        float[] ours = RequireConstant(w, "kernels");
        (int taps, int channels, int outputs) = (problem.Kernel.Count, problem.InputChannels, problem.OutputChannels);
        var theirs = new float[ours.Length];
        for (int tap = 0, i = 0; tap < taps; tap++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                for (int output = 0; output < outputs; output++, i++)
                    theirs[(((output * channels) + channel) * taps) + tap] = ours[i];
            }
        }

        return new OnnxConstant([outputs, channels, .. Spatial(problem.Kernel)], theirs);
    }

    /// <summary>Kernels (K, C, ...) for input channels one after the other.</summary>
    private static OnnxConstant SideBySide(OnnxConstant first, OnnxConstant second)
    {
        int outputs = first.Dims[0],
            row = first.Values.Length / outputs,
            more = second.Values.Length / outputs;
        var joined = new float[first.Values.Length + second.Values.Length];
        for (int output = 0; output < outputs; output++)
        {
            first.Values.AsSpan(output * row, row).CopyTo(joined.AsSpan(output * (row + more)));
            second.Values.AsSpan(output * more, more).CopyTo(joined.AsSpan((output * (row + more)) + row));
        }

        return new OnnxConstant([outputs, first.Dims[1] + second.Dims[1], .. first.Dims.Skip(2)], joined);
    }

    /// <summary>
    /// The image with its mirror images around it, which repeat the border element. ONNX's Pad has that for one element ("edge");
    /// more are slices taken backwards.
    /// </summary>
    private TracedResult Mirrored(ConvolutionProblem problem, TracedResult image)
    {
        string name = image.Name;
        for (int axis = 0; axis < 3; axis++)
        {
            if (problem.PadBefore[axis] + problem.PadAfter[axis] == 0)
                continue;
            long at = AxisOf(image.Shape, axis + 1);
            string[] parts =
            [
                .. Mirror(name, at, problem.PadBefore[axis] - 1, problem.PadBefore[axis], int.MinValue),
                name,
                .. Mirror(name, at, -1, problem.PadAfter[axis], -1 - problem.PadAfter[axis]),
            ];
            name = graph.Add("Concat", "mirrored", parts, OnnxGraph.Attribute("axis", at));
        }

        return image with
        {
            Name = name,
        };
    }

    /// <summary>Elements of an axis from one on down to before another; none where there are none.</summary>
    private string[] Mirror(string image, long axis, long from, int count, long end) =>
        count == 0
            ? []
            :
            [
                graph.Add(
                    "Slice",
                    "mirror",
                    Words(image, graph.Integers(from), graph.Integers(end), graph.Integers(axis), graph.Integers(-1))
                ),
            ];
}
