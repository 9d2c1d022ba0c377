using System.Buffers.Binary;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Fuzz.Targets;

/// <summary>Weights and moments of checkpoints. Most mutations change the header's text and correct its length.</summary>
internal sealed class SafetensorsTarget() : FuzzTarget("safetensors")
{
    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        Written([
            new("g1.kernel", DType.Float32, new Shape(2, 3), new byte[24]),
            new("g1.b", DType.Float64, new Shape(3), new byte[24]),
            new("u", DType.UInt8, new Shape(5), new byte[5]),
        ]),
        Written([new("a", DType.Float32, default, new byte[4])]),
        Written([]),
    ];

    public override long Run(byte[] input, string folder)
    {
        string path = Path.Combine(folder, "weights.safetensors");
        File.WriteAllBytes(path, input);
        SafetensorsFile.ReadHeader(path);
        return SafetensorsFile.Read(path).Arrays.Sum(array => (long)array.Bytes.Length);
    }

    public override byte[] Mutate(byte[] input, Mutator mutator)
    {
        long header = input.Length < sizeof(ulong) ? 0 : BinaryPrimitives.ReadInt64LittleEndian(input);
        if (mutator.Happens(0.2) || header <= 0 || header > input.Length - sizeof(ulong))
            return mutator.Bytes(input);
        byte[] old = input[sizeof(ulong)..(int)(sizeof(ulong) + header)];
        byte[] text = (mutator.Happens(0.5) ? JsonMutator.Mutate(old, mutator) : null) ?? mutator.Text(old);
        byte[] length = BitConverter.GetBytes((long)text.Length);
        return [.. length, .. text, .. input[(int)(sizeof(ulong) + header)..]];
    }

    private static byte[] Written(IReadOnlyList<NamedArray> arrays)
    {
        using var file = new MemoryStream();
        SafetensorsFile.Write(file, arrays, new Dictionary<string, string> { ["step"] = "5" });
        return file.ToArray();
    }
}
