using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Export.Onnx.Proto;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Export.Onnx;

/// <summary>
/// Turns a network's forward pass into a graph of ONNX operators: the pass runs on a device without memory, and each operation
/// that it asks for becomes nodes. Our layout, channels last, becomes ONNX's, channels second; images of one slice lose their
/// depth. An operation without a translation here leaves its result unknown, and who reads it is refused.
/// </summary>
internal sealed partial class OnnxTracer : ShapeBackend
{
    private const string InputName = "image";
    private const string OutputName = "logits";

    private readonly OnnxGraph graph = new();
    private readonly bool isPlanar;

    // Without memory an address is lent once, so it tells what a tensor is, under whatever shape it is seen.
    private readonly Dictionary<nint, Traced> known = [];

    /// <summary>Whose mean and variance a tensor will hold.</summary>
    private readonly Dictionary<nint, nint> statisticsOf = [];

    /// <summary>What was normalized already: several operations may normalize one tensor on load.</summary>
    private readonly Dictionary<(string Result, nint Gamma), TracedResult> normalized = [];

    private OnnxTracer(Device device, bool isPlanar)
        : base(device) => this.isPlanar = isPlanar;

    /// <summary>Whether a node has numbers that follow from the size of the images it was traced with.</summary>
    private bool HasFixedSize { get; set; }

    /// <summary>Traces a pass of one image.</summary>
    /// <param name="build">Makes the network, on a device without memory.</param>
    /// <param name="weights">Values of its parameters.</param>
    /// <param name="modality">Of the image.</param>
    /// <param name="image">Shape of an image: (1, depth, height, width, channels).</param>
    /// <param name="isPlanar">Whether the graph's images have no depth.</param>
    /// <exception cref="NotSupportedException">The network computes something that has no translation.</exception>
    public static TracedNetwork Trace<TNetwork>(
        Func<Device, TNetwork> build,
        ParameterStore weights,
        ModalityIndex modality,
        Shape image,
        bool isPlanar
    )
        where TNetwork : IStagedNetwork
    {
        using Device device = Device.OpenWithoutMemory();
        using var tracer = new OnnxTracer(device, isPlanar);
        using TensorScope scope = TensorScope.Open(device);
        TNetwork network = build(device);
        using ParameterStore parameters = network.Parameters;
        foreach (Parameter parameter in parameters.All)
            tracer.known[parameter.Value.Pointer] = new TracedConstant(
                parameter.Name,
                new Lazy<float[]>(() => weights[parameter.Name].Value.ToArray<float>())
            );
        var tape = new Tape(tracer, recording: false);
        Variable input = tape.Input(tape.Allocate(image, parameters.DType));
        tracer.known[input.Value.Pointer] = new TracedResult(tracer.graph.Unique(InputName), image);
        tracer.graph.Unique(OutputName);
        Variable logits = network.Forward(new ForwardContext(tape, modality), input);
        TracedResult result = tracer.ResultOf(logits.Value);
        AffineFolding.Apply(tracer.graph);
        NodeProto last = tracer.graph.ProducerOf(result.Name)!;
        (last.Name, last.Output[0]) = (OutputName, OutputName);
        return new TracedNetwork(
            tracer.graph,
            InputName,
            OutputName,
            tracer.DimsOf(image),
            tracer.DimsOf(result.Shape),
            tracer.HasFixedSize
        );
    }

    private static NotSupportedException Untranslated(string what) =>
        new($"the network computes {what}, which has no translation to ONNX here");

    private static string[] Words(params string[] names) => names;

    /// <summary>Extents in the graph's layout.</summary>
    private int[] DimsOf(Shape shape) => [.. AxesOf(shape).Select(axis => shape[axis])];

    /// <summary>Our axes in the order of the graph's.</summary>
    private int[] AxesOf(Shape shape) =>
        shape.Rank switch
        {
            2 => [0, 1],
            5 when isPlanar => shape[1] == 1
                ? [0, 4, 2, 3]
                : throw Untranslated($"images {shape} of several slices after images of one"),
            5 => [0, 4, 1, 2, 3],
            _ => throw Untranslated($"a tensor {shape}, neither images nor rows"),
        };

    /// <summary>The graph's axis that one of ours is.</summary>
    private int AxisOf(Shape shape, int ours) => Array.IndexOf(AxesOf(shape), ours);

    /// <summary>Height and width, or depth, height and width of a size.</summary>
    private IEnumerable<int> Spatial(Size3 size) => isPlanar ? [size.Height, size.Width] : [size.Depth, size.Height, size.Width];

    private void Set(Tensor y, string name) => known[y.Pointer] = new TracedResult(name, y.Shape);

    /// <summary>A tensor as the result of a node.</summary>
    private TracedResult ResultOf(Tensor tensor)
    {
        if (known.GetValueOrDefault(tensor.Pointer) is TracedAssembly assembly)
            known[tensor.Pointer] = Assembled(assembly, tensor.Shape);
        if (known.GetValueOrDefault(tensor.Pointer) is not TracedResult result)
            throw Untranslated($"with a tensor {tensor.Shape} that no translated operation left");
        return result.Shape == tensor.Shape ? result
            : tensor.Shape.Rank == 2 && tensor.Shape[0] == result.Shape[0] ? Flattened(result, tensor.Shape)
            : throw Untranslated($"with {result.Shape} seen as {tensor.Shape}");
    }

    /// <summary>Images as rows: in our order of elements, which the weights behind them expect.</summary>
    private TracedResult Flattened(TracedResult images, Shape rows)
    {
        int[] axes = AxesOf(images.Shape);
        HasFixedSize = true;
        string last = graph.Add(
            "Transpose",
            "rows.channels_last",
            Words(images.Name),
            OnnxGraph.Attribute("perm", Enumerable.Range(0, 5).Select(axis => Array.IndexOf(axes, axis)).Where(axis => axis >= 0))
        );
        return new TracedResult(graph.Add("Reshape", "rows", Words(last, graph.Integers(0, -1))), rows);
    }

    private float[]? ConstantOf(Tensor tensor) =>
        known.GetValueOrDefault(tensor.Pointer) is TracedConstant constant ? constant.Values.Value : null;

    private float[] RequireConstant(Tensor tensor, string what) =>
        ConstantOf(tensor) ?? throw Untranslated($"with {what} {tensor.Shape} that depend on the images");

    /// <summary>Name of the layer that a parameter is of; null where it is none.</summary>
    private string? LayerOf(Tensor parameter, string ending) =>
        known[parameter.Pointer] is TracedConstant { Name: { } name } && name.EndsWith(ending, StringComparison.Ordinal)
            ? name[..^ending.Length]
            : null;

    /// <summary>Numbers, one for each channel, in a form that meets the result at each position.</summary>
    private string PerChannel(string name, float[] values, Shape result) =>
        graph.Add(name, new OnnxConstant([values.Length, .. Enumerable.Repeat(1, AxesOf(result).Length - 2)], values));
}
