using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>
/// A network with its running statistics, from images to logits or labels. Where the backend records, batches have one size and
/// the pass is recorded with the second: the host reads the results of a batch and makes the next one while the device computes.
/// </summary>
/// <param name="backend">Computes.</param>
/// <param name="network">With trained weights.</param>
/// <param name="modalities">Modalities that the network knows.</param>
internal sealed class NetworkEvaluator(Backend backend, ISegmentationNetwork network, int modalities) : IDisposable
{
    private PassKind? last;
    private RecordedPass? recorded;
    private Tensor? launched;
    private bool isRefused;
    private int mostSamples = int.MaxValue;

    public Backend Backend => backend;

    public int Classes => network.Classes;

    /// <summary>
    /// Whether passes are recorded: then results are far away, and what can be done to them on the device is done there.
    /// </summary>
    public bool IsRecording => backend.Recorder is not null && !isRefused;

    /// <summary>Whether passes are replayed by now.</summary>
    public bool HasRecorded => recorded is not null;

    /// <summary>What the pass that was started last leaves on the device, until another is started: (samples, ..., classes), or
    /// (samples, ...) of labels.</summary>
    public Tensor Result => recorded?.Result ?? launched ?? throw new InvalidOperationException("no pass was started");

    /// <summary>Starts a pass for each batch of samples, and says which samples are in it.</summary>
    /// <param name="samples">In order.</param>
    /// <param name="read">Writes the image of a sample.</param>
    /// <param name="kind">With the most samples of a batch. A last batch of fewer repeats a sample where passes are recorded;
    /// where the device has no room for so many, there is one in each batch.</param>
    /// <param name="stop">Looked at before each pass.</param>
    public IEnumerable<TSample[]> Start<TSample>(
        IEnumerable<TSample> samples,
        Action<TSample, Span<float>> read,
        PassKind kind,
        CancellationToken stop
    )
    {
        int size = 0;
        float[] images = [];
        try
        {
            foreach (TSample[] waiting in samples.Chunk(kind.Images[0]))
            {
                size = size == 0 ? waiting.Length : size;
                for (int done = 0; done < waiting.Length; )
                {
                    stop.ThrowIfCancellationRequested();
                    size = Math.Min(size, mostSamples);
                    TSample[] batch = waiting[done..Math.Min(done + size, waiting.Length)];
                    PassKind own = kind with { Images = kind.Images.With(0, IsRecording ? size : batch.Length) };
                    Fill(ref images, batch, read, own);
                    if (!TryStart(images, own))
                        continue;
                    yield return batch;
                    done += batch.Length;
                }
            }
        }
        finally
        {
            Release(ref launched);
        }
    }

    /// <summary>(depth, height, width, classes) of each sample, in order; valid until the next one is asked for.</summary>
    public IEnumerable<(TSample Sample, ReadOnlyMemory<float> Result)> Logits<TSample>(
        IEnumerable<TSample> samples,
        Action<TSample, Span<float>> read,
        PassKind kind,
        CancellationToken stop
    ) => Evaluate<TSample, float>(samples, read, kind, Classes, stop);

    /// <summary>(depth, height, width), the class of the greatest logit, of each sample; else as logits.</summary>
    public IEnumerable<(TSample Sample, ReadOnlyMemory<int> Result)> Labels<TSample>(
        IEnumerable<TSample> samples,
        Action<TSample, Span<float>> read,
        PassKind kind,
        CancellationToken stop
    ) => Evaluate<TSample, int>(samples, read, kind with { TakesLabels = true }, 1, stop);

    /// <summary>Frees the recorded pass; the network lives on.</summary>
    public void Dispose()
    {
        Release(ref launched);
        Release(ref recorded);
    }

    /// <summary>One batch behind: a batch's results are handed out when the next pass was started.</summary>
    private IEnumerable<(TSample Sample, ReadOnlyMemory<T> Result)> Evaluate<TSample, T>(
        IEnumerable<TSample> samples,
        Action<TSample, Span<float>> read,
        PassKind kind,
        int values,
        CancellationToken stop
    )
        where T : unmanaged
    {
        int length = kind.Positions * values;
        TSample[] before = [];
        Func<ReadOnlyMemory<T>> results = () => default;
        foreach (TSample[] started in Start(samples, read, kind with { IsFetched = true }, stop))
        {
            foreach ((int i, TSample sample) in before.Index())
                yield return (sample, results().Slice(i * length, length));
            (before, results) = (started, Fetch<T>());
        }

        foreach ((int i, TSample sample) in before.Index())
            yield return (sample, results().Slice(i * length, length));
    }

    /// <summary>The last pass's result is on its way; what is returned waits for it.</summary>
    private Func<ReadOnlyMemory<T>> Fetch<T>()
        where T : unmanaged
    {
        if (recorded?.Output is not { } output)
        {
            ReadOnlyMemory<T> copy = Result.ToArray<T>();
            return () => copy;
        }

        output.Fetch();
        return output.Read<T>;
    }

    private static void Fill<TSample>(ref float[] images, TSample[] batch, Action<TSample, Span<float>> read, PassKind kind)
    {
        int length = kind.ImageLength;
        if (images.Length != kind.Images.Count)
            images = new float[kind.Images.Count];
        for (int i = 0; i < kind.Images[0]; i++)
        {
            if (i < batch.Length)
                read(batch[i], images.AsSpan(i * length, length));
            else
                images.AsSpan(0, length).CopyTo(images.AsSpan(i * length));
        }
    }

    /// <summary>False where the device has no room for a batch, which is to be smaller then.</summary>
    private bool TryStart(float[] images, PassKind kind)
    {
        try
        {
            if (RecordedFor(kind) is { } pass)
                pass.Start(images);
            else
                Launch(images, kind);
            return true;
        }
        catch (OutOfMemoryException) when (kind.Images[0] > 1)
        {
            mostSamples = 1;
            return false;
        }
    }

    private void Launch(float[] images, PassKind kind)
    {
        Release(ref launched);
        using TensorScope scope = TensorScope.Open(backend.Device);
        launched = Compute(Tensor.From<float>(backend.Device, kind.Images, images), kind).Detach();
    }

    /// <summary>
    /// The recorded pass of that kind. The first of a kind runs operation by operation, which loads kernels and fills the memory
    /// pool; the second is recorded. Where that is refused, or no memory is left for it, passes go on operation by operation.
    /// </summary>
    private RecordedPass? RecordedFor(PassKind kind)
    {
        if (!IsRecording)
            return null;
        if (last != kind)
        {
            Release(ref recorded);
            last = kind;
            return null;
        }

        if (recorded is not null)
            return recorded;
        Release(ref launched);
        try
        {
            return recorded = new RecordedPass(backend.Recorder!, backend.Device, kind, images => Compute(images, kind));
        }
        catch (Exception exception) when (exception is NotSupportedException or OutOfMemoryException)
        {
            isRefused = true;
            return null;
        }
    }

    private Tensor Compute(Tensor images, PassKind kind)
    {
        var context = new ForwardContext(
            new Tape(backend, recording: false),
            ModalityIndex.Single(modalities, kind.Modality, kind.Images[0]),
            Training: false
        );
        Tensor logits = network.Forward(context, new Variable(images)).Value;
        return kind.TakesLabels ? LabelsOf(logits) : logits;
    }

    private Tensor LabelsOf(Tensor logits)
    {
        var shape = new Shape(logits.Shape.AsSpan()[..^1]);
        Tensor greatest = Tensor.Allocate(backend.Device, shape, logits.DType),
            labels = Tensor.Allocate(backend.Device, shape, DType.Int32);
        backend.Max(logits, checked((int)shape.Count), Classes, 1, greatest, labels);
        return labels;
    }

    private static void Release<T>(ref T? held)
        where T : class, IDisposable
    {
        held?.Dispose();
        held = null;
    }
}
