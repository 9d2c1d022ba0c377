namespace UnpairedSegEngine.Training.Batches;

/// <summary>A sample's place in a batch, to be filled.</summary>
/// <param name="batch">The batch.</param>
/// <param name="sample">Its place among the samples.</param>
public readonly struct SamplePlace(Batch batch, int sample)
{
    /// <summary>The elements of a tensor, by its place among <see cref="ISampleSource.Tensors"/>.</summary>
    public Span<T> Elements<T>(int tensor)
        where T : unmanaged => batch.Tensors[tensor].Sample<T>(sample);
}
