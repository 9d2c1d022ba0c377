using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using Size3 = UnpairedSegEngine.Backends.Size3;

namespace UnpairedSegEngine.Segmentation.Tests.Export;

/// <summary>
/// An ONNX file in ONNX Runtime in the place of a network of ours, so that whole volumes pass the same predictor.
/// </summary>
internal sealed class OnnxNetwork : ISegmentationNetwork, IDisposable
{
    private readonly IStagedNetwork original;
    private readonly InferenceSession session;

    public OnnxNetwork(string path, IStagedNetwork original)
    {
        this.original = original;
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        session = new InferenceSession(path, options);
    }

    public ParameterStore Parameters => original.Parameters;

    public int InputChannels => original.InputChannels;

    public int Classes => original.Classes;

    public Size3 Multiple => ((ISegmentationNetwork)original).Multiple;

    public IReadOnlyDictionary<string, string> Metadata => session.ModelMetadata.CustomMetadataMap;

    public int[] InputDims => session.InputMetadata["image"].Dimensions;

    public string[] InputNames => session.InputMetadata["image"].SymbolicDimensions;

    /// <summary>Logits (N, D, H, W, classes), or (N, classes).</summary>
    public float[] Logits(float[] images, Shape shape, out Shape result)
    {
        bool isPlanar = InputDims.Length == 4;
        int[] spatial = isPlanar ? [shape[2], shape[3]] : [shape[1], shape[2], shape[3]];
        int[] dims = [shape[0], shape[4], .. spatial];
        NamedOnnxValue input = NamedOnnxValue.CreateFromTensor(
            "image",
            new DenseTensor<float>(Turned(images, shape[0], (int)(shape.Count / shape[0] / shape[4]), shape[4]), dims)
        );
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = session.Run([input]);
        DenseTensor<float> logits = outputs.Single(output => output.Name == "logits").AsTensor<float>().ToDenseTensor();
        ReadOnlySpan<int> extents = logits.Dimensions;
        int classes = extents[1];
        result = extents.Length == 2 ? new Shape(extents) : shape.With(^1, classes);
        return Turned(logits.ToArray(), shape[0], classes, (int)(logits.Length / shape[0] / classes));
    }

    public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null)
    {
        float[] logits = Logits(images.Value.ToArray<float>(), images.Shape, out Shape shape);
        return context.Tape.Input(shape, logits);
    }

    public void Dispose() => session.Dispose();

    /// <summary>Each sample's (rows, columns) as (columns, rows).</summary>
    private static float[] Turned(float[] values, int samples, int rows, int columns)
    {
        var turned = new float[values.Length];
        for (int sample = 0; sample < samples; sample++)
        {
            int first = sample * rows * columns;
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                    turned[first + (column * rows) + row] = values[first + (row * columns) + column];
            }
        }

        return turned;
    }
}
