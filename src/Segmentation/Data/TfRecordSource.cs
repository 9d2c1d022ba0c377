using UnpairedSegEngine.Random;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Draws training samples uniformly from the TFRecord files of each modality, read when they are drawn.</summary>
public sealed class TfRecordSource : IVolumeSamples
{
    private readonly (string Path, long Offset, int Number)[][] records;
    private readonly int classCount;

    /// <summary>Indexes the files of every modality.</summary>
    /// <param name="filesOfModality">Modality names and their TFRecord files, in the order of the modality indices.</param>
    /// <param name="classCount">Label values from this on belong to no class.</param>
    /// <exception cref="InvalidDataException">A file is damaged, or a modality has no record.</exception>
    public TfRecordSource(IReadOnlyList<(string Name, IReadOnlyList<string> Files)> filesOfModality, int classCount)
    {
        this.classCount = classCount;
        Modalities = [.. filesOfModality.Select((entry, index) => new Modality(entry.Name, index))];
        records =
        [
            .. filesOfModality.Select(entry =>
                entry
                    .Files.SelectMany(path => TfRecordFile.IndexRecords(path).Select((offset, number) => (path, offset, number)))
                    .ToArray()
            ),
        ];
        Modality? empty = Modalities.FirstOrDefault(m => records[m.Index].Length == 0);
        if (empty is not null || Modalities.Count == 0)
        {
            throw new InvalidDataException(
                $"modality '{empty?.Name}' has no "
                    + $"TFRecord{(empty is null ? "" : $" in '{string.Join("', '", filesOfModality[empty.Index].Files)}'")}, "
                    + "expected at least one"
            );
        }
        (string firstPath, long firstOffset, _) = records[0][0];
        Shape = TfRecordPair.Read(firstPath, firstOffset, classCount).Shape;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Modality> Modalities { get; }

    /// <inheritdoc/>
    public SampleShape Shape { get; }

    /// <summary>Records of all modalities.</summary>
    public int Count => records.Sum(ofModality => ofModality.Length);

    /// <summary>All records, in the order of modalities and files, each read when it is asked for.</summary>
    /// <exception cref="InvalidDataException">One is damaged, or of another size than the first.</exception>
    public IEnumerable<TfRecordPair> ReadAll() => records.SelectMany(ofModality => ofModality).Select(Read);

    /// <inheritdoc/>
    public SampleOrigin Draw(Modality modality, ref PhiloxStream stream, Span<float> image, Span<byte> labels)
    {
        (string Path, long Offset, int Number)[] candidates = records[modality.Index];
        (string Path, long Offset, int Number) drawn = candidates[stream.NextIndex(candidates.Length)];
        TfRecordPair pair = Read(drawn);
        pair.Image.CopyTo(image);
        pair.Labels.CopyTo(labels);
        return VolumeSample.Record(drawn.Path, drawn.Number);
    }

    private TfRecordPair Read((string Path, long Offset, int Number) record)
    {
        TfRecordPair pair = TfRecordPair.Read(record.Path, record.Offset, classCount);
        return pair.Shape == Shape
            ? pair
            : throw new InvalidDataException(
                $"'{record.Path}': the record at offset {record.Offset} is {pair.Shape}, expected {Shape} like the first record"
            );
    }
}
