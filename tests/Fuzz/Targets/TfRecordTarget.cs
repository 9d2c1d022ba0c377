using System.Buffers.Binary;
using Google.Protobuf;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Data.TensorFlow;

namespace UnpairedSegEngine.Fuzz.Targets;

/// <summary>Records of slices. Most mutations change the message and correct its length and checksums.</summary>
internal sealed class TfRecordTarget() : FuzzTarget("tfrecord")
{
    private const int FrontBytes = 12;
    private const int BackBytes = 4;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [Record(Message(2, 3).ToByteArray()), [.. Record(Message(2, 2).ToByteArray()), .. Record(Message(2, 2).ToByteArray())]];

    public override long Run(byte[] input, string folder)
    {
        string path = Path.Combine(folder, "training_ct.tfrecords");
        File.WriteAllBytes(path, input);
        var records = new TfRecordSource([("CT", [path])], 5);
        return records.ReadAll().Sum(pair => (pair.Image.LongLength * 3 * sizeof(float)) + pair.Labels.Length);
    }

    public override byte[] Mutate(byte[] input, Mutator mutator) =>
        mutator.Happens(0.25) || input.Length <= FrontBytes + BackBytes
            ? mutator.Bytes(input)
            : Record(mutator.Bytes(input[FrontBytes..^BackBytes]));

    private static byte[] Record(byte[] message)
    {
        byte[] record = new byte[FrontBytes + message.Length + BackBytes];
        BinaryPrimitives.WriteInt64LittleEndian(record, message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc32C.Of(record.AsSpan(0, 8)));
        message.CopyTo(record, FrontBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(^BackBytes..), MaskedCrc32C.Of(message));
        return record;
    }

    private static Example Message(int side, int channels)
    {
        var example = new Example { Features = new Features() };
        foreach ((int axis, long extent) in new[] { (0, (long)side), (1, (long)side), (2, (long)channels) })
        {
            example.Features.Feature[$"dsize_dim{axis}"] = example.Features.Feature[$"lsize_dim{axis}"] = new Feature
            {
                Int64List = new Int64List { Value = { extent } },
            };
        }

        example.Features.Feature["data_vol"] = example.Features.Feature["label_vol"] = new Feature
        {
            BytesList = new BytesList { Value = { ByteString.CopyFrom(new byte[sizeof(float) * side * side * channels]) } },
        };
        return example;
    }
}
