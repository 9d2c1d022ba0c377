using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using UnpairedSegEngine.Segmentation.Data.TensorFlow;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Image and class map of one record of the pre-processed cardiac release that the method's authors trained on:
/// raw float32 volumes <c>data_vol</c> and <c>label_vol</c> of the sizes <c>dsize_dim0..2</c> and <c>lsize_dim0..2</c>
/// (rows, columns, neighbouring slices); the middle channel of the label volume is the class map of the image.
/// </summary>
public sealed class TfRecordPair
{
    private const int MaxExtent = 4096;

    private TfRecordPair(SampleShape shape, float[] image, byte[] labels)
    {
        Shape = shape;
        Image = image;
        Labels = labels;
    }

    /// <summary>Height, width and channels of the image.</summary>
    public SampleShape Shape { get; }

    /// <summary>The image, (height, width, channels), already normalized.</summary>
    public float[] Image { get; }

    /// <summary>
    /// The class map, (height, width); a whole number that is no class became <see cref="LabelValue.Ignored"/>.
    /// </summary>
    public byte[] Labels { get; }

    /// <summary>Reads the record at an offset of a TFRecord file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">Where the record starts (<see cref="TfRecordFile.IndexRecords"/>).</param>
    /// <param name="classCount">Label values from this on belong to no class.</param>
    /// <exception cref="InvalidDataException">The record is damaged, lacks a feature, its sizes disagree, an intensity is not
    /// finite or a label no whole number.</exception>
    public static TfRecordPair Read(string path, long offset, int classCount)
    {
        string origin = $"'{path}': the record at offset {offset}";
        IDictionary<string, Feature> features;
        try
        {
            features = Example.Parser.ParseFrom(TfRecordFile.ReadPayload(path, offset)).Features?.Feature ?? [];
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"{origin} is no tf.train.Example: {e.Message}", e);
        }
        SampleShape shape = ReadShape(features, "dsize_dim", origin);
        SampleShape labelShape = ReadShape(features, "lsize_dim", origin);
        if (labelShape != shape)
            throw new InvalidDataException($"{origin} has a label of {labelShape}, expected the image's {shape}");
        float[] image = ReadVolume(features, "data_vol", shape, origin);
        if (Array.FindIndex(image, v => !float.IsFinite(v)) is int bad and >= 0)
            throw new InvalidDataException($"{origin} has a non-finite voxel at element {bad} of data_vol");
        return new TfRecordPair(
            shape,
            image,
            MiddleChannel(ReadVolume(features, "label_vol", shape, origin), shape, classCount, origin)
        );
    }

    private static byte[] MiddleChannel(float[] volume, SampleShape shape, int classCount, string origin)
    {
        var labels = new byte[shape.Height * shape.Width];
        for (int i = 0; i < labels.Length; i++)
        {
            int element = (i * shape.Channels) + (shape.Channels / 2);
            float value = volume[element];
            if (value != MathF.Floor(value) || !float.IsFinite(value))
                throw new InvalidDataException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{origin} has the label {value} at element {element} of label_vol, expected whole numbers: "
                            + $"labels must not be interpolated"
                    )
                );
            labels[i] = value >= 0 && value < classCount ? (byte)value : LabelValue.Ignored;
        }
        return labels;
    }

    private static SampleShape ReadShape(IDictionary<string, Feature> features, string prefix, string origin)
    {
        Span<int> extents = stackalloc int[3];
        for (int axis = 0; axis < extents.Length; axis++)
        {
            string name = prefix + (char)('0' + axis);
            if (!features.TryGetValue(name, out Feature? feature) || feature.Int64List?.Value.Count != 1)
                throw new InvalidDataException($"{origin} has no feature '{name}' with one int64");
            long extent = feature.Int64List.Value[0];
            extents[axis] = extent is >= 1 and <= MaxExtent
                ? (int)extent
                : throw new InvalidDataException($"{origin} has {name} = {extent}, expected 1 to {MaxExtent}");
        }
        return new SampleShape(extents[0], extents[1], extents[2]);
    }

    private static float[] ReadVolume(IDictionary<string, Feature> features, string name, SampleShape shape, string origin)
    {
        if (!features.TryGetValue(name, out Feature? feature) || feature.BytesList?.Value.Count != 1)
            throw new InvalidDataException($"{origin} has no feature '{name}' with one byte string");
        ReadOnlySpan<byte> bytes = feature.BytesList.Value[0].Span;
        long expected = sizeof(float) * (long)shape.Height * shape.Width * shape.Channels;
        return bytes.Length == expected
            ? MemoryMarshal.Cast<byte, float>(bytes).ToArray()
            : throw new InvalidDataException($"{origin} has {bytes.Length} bytes of {name}, expected {expected} for {shape}");
    }
}
