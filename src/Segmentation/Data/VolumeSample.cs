using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Where samples of volumes come from, in words.</summary>
internal static class VolumeSample
{
    /// <summary>A slice of a prepared case, counted from 0 at the feet: "ct_003 slice 17".</summary>
    public static SampleOrigin Slice(string caseId, int slice) => new("{0} slice {1}", caseId, slice);

    /// <summary>
    /// A block of a prepared case, by the voxel that it begins at before it is varied: "mr_001 block at (4,12,0)" (slice, row,
    /// column).
    /// </summary>
    public static SampleOrigin Block(string caseId, int slice, int row, int column) =>
        new("{0} block at ({1},{2},{3})", caseId, slice, row, column);

    /// <summary>A record of a file, counted from 0: "ct_train.tfrecords record 12".</summary>
    public static SampleOrigin Record(string path, int record) => new("{0} record {1}", Path.GetFileName(path), record);
}
