using Google.Protobuf;
using UnpairedSegEngine.Export.Onnx.Proto;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Export.Onnx;

/// <summary>Writes graphs as ONNX files.</summary>
internal static class OnnxFile
{
    /// <summary>The set of operators that is used; ONNX Runtime reads it since 1.12 (2022).</summary>
    public const int Opset = 17;

    /// <summary>Version of the file format that came with it.</summary>
    private const int FormatVersion = 8;

    // Of protobuf messages; bigger models would need their weights in files beside.
    private const long MostBytes = int.MaxValue;

    /// <summary>Writes or replaces a file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">The graph.</param>
    /// <param name="name">Of the graph.</param>
    /// <param name="version">Of this program.</param>
    /// <param name="metadata">What a reader should know, by key.</param>
    /// <exception cref="NotSupportedException">The network is too large for one file.</exception>
    public static void Write(
        string path,
        TracedNetwork network,
        string name,
        string version,
        IReadOnlyDictionary<string, string> metadata
    )
    {
        var model = new ModelProto
        {
            IrVersion = FormatVersion,
            ProducerName = "UnpairedSegEngine",
            ProducerVersion = version,
            Graph = network.Graph.ToProto(
                name,
                Describe(network.Input, network.InputDims, network, metadata["input"]),
                Describe(network.Output, network.OutputDims, network, metadata["output"])
            ),
        };
        if (model.Graph.Initializer.Sum(constant => (long)constant.RawData.Length) > MostBytes - (1 << 24))
            throw new NotSupportedException("the network's weights are more than 2 GB, which one ONNX file cannot hold");
        model.OpsetImport.Add(new OperatorSetIdProto { Version = Opset });
        model.MetadataProps.AddRange(metadata.Select(pair => new StringStringEntryProto { Key = pair.Key, Value = pair.Value }));
        AtomicFile.Write(path, stream => model.WriteTo(stream));
    }

    /// <summary>The batch may be of any size, and images of any where the graph has no size in it.</summary>
    private static ValueInfoProto Describe(string name, IReadOnlyList<int> dims, TracedNetwork network, string text)
    {
        string[] spatial = dims.Count == 5 ? ["depth", "height", "width"] : ["height", "width"];
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        for (int i = 1; i < dims.Count; i++)
            shape.Dim.Add(
                i > 1 && !network.HasFixedSize
                    ? new TensorShapeProto.Types.Dimension { DimParam = spatial[i - 2] }
                    : new TensorShapeProto.Types.Dimension { DimValue = dims[i] }
            );
        return new ValueInfoProto
        {
            Name = name,
            DocString = text,
            Type = new TypeProto
            {
                TensorType = new TypeProto.Types.Tensor { ElemType = TensorProto.Types.DataType.Float, Shape = shape },
            },
        };
    }
}
