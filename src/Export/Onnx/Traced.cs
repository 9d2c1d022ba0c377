using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Export.Onnx;

/// <summary>What the tracer knows of a tensor of the pass.</summary>
internal abstract record Traced;

/// <summary>The result of a node, or the graph's input.</summary>
/// <param name="Name">In the graph, where channels are the second axis.</param>
/// <param name="Shape">In our layout, where they are the last.</param>
internal sealed record TracedResult(string Name, Shape Shape) : Traced;

/// <summary>Numbers that do not depend on the images: parameters, and what was filled or copied from them.</summary>
/// <param name="Name">Of the parameter; null where it is none.</param>
/// <param name="Values">In our layout.</param>
internal sealed record TracedConstant(string? Name, Lazy<float[]> Values) : Traced;

/// <summary>Numbers, one for each channel, that are the same at all positions.</summary>
/// <param name="Values">One for each channel.</param>
internal sealed record TracedChannels(float[] Values) : Traced;

/// <summary>A tensor that is copied together from ranges of others.</summary>
/// <param name="Columns">Elements of a row, as the copies saw the tensor.</param>
internal sealed record TracedAssembly(int Columns) : Traced
{
    /// <summary>First column, number of columns, and what stands there.</summary>
    public List<(int Start, int Count, Traced Part)> Parts { get; } = [];
}
