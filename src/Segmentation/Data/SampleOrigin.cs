namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Where a sample was drawn from; put into words only when somebody asks.</summary>
public readonly record struct SampleOrigin
{
    private readonly Kind kind;
    private readonly string source;
    private readonly int first,
        row,
        column;

    private SampleOrigin(Kind kind, string source, int first, int row = 0, int column = 0) =>
        (this.kind, this.source, this.first, this.row, this.column) = (kind, source, first, row, column);

    private enum Kind
    {
        Slice,
        Block,
        Record,
    }

    /// <summary>A slice of a prepared case, counted from 0 at the feet.</summary>
    public static SampleOrigin Slice(string caseId, int slice) => new(Kind.Slice, caseId, slice);

    /// <summary>A block of a prepared case, by the voxel that it begins at before it is varied.</summary>
    public static SampleOrigin Block(string caseId, int slice, int row, int column) =>
        new(Kind.Block, caseId, slice, row, column);

    /// <summary>A record of a file, counted from 0.</summary>
    public static SampleOrigin Record(string path, int record) => new(Kind.Record, path, record);

    /// <summary>"ct_003 slice 17", "mr_001 block at (4,12,0)" (slice, row, column) or "ct_train.tfrecords record 12".</summary>
    public override string ToString() =>
        kind switch
        {
            Kind.Block => $"{source} block at ({first},{row},{column})",
            Kind.Record => $"{Path.GetFileName(source)} record {first}",
            Kind.Slice => $"{source} slice {first}",
            _ => throw new InvalidOperationException($"no origin {kind}"),
        };
}
