namespace UnpairedSegEngine.Export.Onnx;

/// <summary>A network as a graph.</summary>
/// <param name="Graph">Its nodes and constants.</param>
/// <param name="Input">Name of what is given to it.</param>
/// <param name="Output">Name of what it results in.</param>
/// <param name="InputDims">Extents of the images it was traced with: (1, channels, [depth,] height, width).</param>
/// <param name="OutputDims">Those of the logits: (1, classes, [depth,] height, width), or (1, classes).</param>
/// <param name="HasFixedSize">Whether it takes images of this depth, height and width only.</param>
internal sealed record TracedNetwork(
    OnnxGraph Graph,
    string Input,
    string Output,
    IReadOnlyList<int> InputDims,
    IReadOnlyList<int> OutputDims,
    bool HasFixedSize
);
