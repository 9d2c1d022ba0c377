using System.Runtime.InteropServices;
using Google.Protobuf;
using UnpairedSegEngine.Export.Onnx.Proto;
using Type = UnpairedSegEngine.Export.Onnx.Proto.AttributeProto.Types.AttributeType;

namespace UnpairedSegEngine.Export.Onnx;

/// <summary>A graph of ONNX operators in the making: nodes in the order in which they run, and the constants they read.</summary>
internal sealed class OnnxGraph
{
    private readonly Dictionary<string, OnnxConstant> constants = [];
    private readonly Dictionary<string, long[]> integers = [];
    private readonly HashSet<string> names = [];

    /// <summary>In the order in which they run.</summary>
    public List<NodeProto> Nodes { get; } = [];

    /// <summary>An attribute of one number.</summary>
    public static AttributeProto Attribute(string name, double value) =>
        new()
        {
            Name = name,
            Type = Type.Float,
            F = (float)value,
        };

    /// <summary>An attribute of one integer.</summary>
    public static AttributeProto Attribute(string name, long value) =>
        new()
        {
            Name = name,
            Type = Type.Int,
            I = value,
        };

    /// <summary>An attribute of a word.</summary>
    public static AttributeProto Attribute(string name, string value) =>
        new()
        {
            Name = name,
            Type = Type.String,
            S = ByteString.CopyFromUtf8(value),
        };

    /// <summary>An attribute of several integers.</summary>
    public static AttributeProto Attribute(string name, IEnumerable<int> values)
    {
        var attribute = new AttributeProto { Name = name, Type = Type.Ints };
        attribute.Ints.AddRange(values.Select(value => (long)value));
        return attribute;
    }

    /// <summary>Adds a node with one result.</summary>
    /// <param name="operation">ONNX's name of the operator.</param>
    /// <param name="name">Of the node and its result; a number is added where it is taken.</param>
    /// <param name="inputs">Names of results and constants.</param>
    /// <param name="attributes">Of the operator.</param>
    /// <returns>The name of the result.</returns>
    public string Add(string operation, string name, IEnumerable<string> inputs, params IEnumerable<AttributeProto> attributes)
    {
        string result = Unique(name);
        var node = new NodeProto { Name = result, OpType = operation };
        node.Input.AddRange(inputs);
        node.Output.Add(result);
        node.Attribute.AddRange(attributes);
        Nodes.Add(node);
        return result;
    }

    /// <summary>Adds numbers.</summary>
    /// <returns>Their name.</returns>
    public string Add(string name, OnnxConstant constant)
    {
        string unique = Unique(name);
        constants.Add(unique, constant);
        return unique;
    }

    /// <summary>Adds integers, of which one axis is made; where the same are there already, these.</summary>
    public string Integers(params IEnumerable<long> values)
    {
        long[] list = [.. values];
        string name = $"int64[{string.Join(',', list.Length > 8 ? [.. list[..8], list.Length] : list)}]";
        if (integers.TryGetValue(name, out long[]? known) && known.AsSpan().SequenceEqual(list))
            return name;
        name = Unique(name);
        integers.Add(name, list);
        return name;
    }

    /// <summary>Numbers by name; null where the name is a node's result, or the graph's input.</summary>
    public OnnxConstant? ConstantOf(string name) => constants.GetValueOrDefault(name);

    /// <summary>The node that leaves a result; null for the graph's input.</summary>
    public NodeProto? ProducerOf(string name) => Nodes.LastOrDefault(node => node.Output[0] == name);

    /// <summary>
    /// Takes out a node that nothing reads, with the constants that nothing else reads; their names are free again.
    /// </summary>
    public void Remove(NodeProto node)
    {
        Nodes.Remove(node);
        foreach (string name in node.Input.Where(input => constants.ContainsKey(input) && ReadersOf(input) == 0))
        {
            constants.Remove(name);
            names.Remove(name);
        }

        names.Remove(node.Output[0]);
    }

    /// <summary>How often nodes read a result or a constant.</summary>
    public int ReadersOf(string name) => Nodes.Sum(node => node.Input.Count(input => input == name));

    /// <summary>Takes a name that no other node, constant or input of the graph shall have.</summary>
    public string Unique(string name)
    {
        string unique = name;
        for (int i = 2; !names.Add(unique); i++)
            unique = $"{name}_{i}";
        return unique;
    }

    /// <summary>The graph without constants that no node reads.</summary>
    /// <param name="name">Of the network.</param>
    /// <param name="input">What is given to it.</param>
    /// <param name="output">What it results in.</param>
    public GraphProto ToProto(string name, ValueInfoProto input, ValueInfoProto output)
    {
        HashSet<string> read = [.. Nodes.SelectMany(node => node.Input)];
        var graph = new GraphProto { Name = name };
        graph.Node.AddRange(Nodes);
        graph.Input.Add(input);
        graph.Output.Add(output);
        foreach ((string key, OnnxConstant constant) in constants.Where(constant => read.Contains(constant.Key)))
            graph.Initializer.Add(
                Tensor(
                    key,
                    TensorProto.Types.DataType.Float,
                    constant.Dims.Select(dim => (long)dim),
                    MemoryMarshal.AsBytes(constant.Values.AsSpan())
                )
            );
        foreach ((string key, long[] values) in integers.Where(constant => read.Contains(constant.Key)))
            graph.Initializer.Add(
                Tensor(key, TensorProto.Types.DataType.Int64, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()))
            );
        return graph;
    }

    private static TensorProto Tensor(
        string name,
        TensorProto.Types.DataType type,
        IEnumerable<long> dims,
        ReadOnlySpan<byte> littleEndian
    )
    {
        var tensor = new TensorProto
        {
            Name = name,
            DataType = type,
            RawData = ByteString.CopyFrom(littleEndian),
        };
        tensor.Dims.AddRange(dims);
        return tensor;
    }
}
