using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Profiling;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>A configuration's training step, or its network's prediction, on made-up images, to be timed.</summary>
public sealed class MadeUpWork : IDisposable
{
    private readonly Backend backend;
    private readonly TrainingMethod method;
    private readonly StepRunner? runner;
    private readonly NetworkEvaluator? evaluator;
    private readonly Batch batch;
    private long number;

    /// <param name="config">Method, task, network, sizes, losses; its batch is of each modality.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="prediction">A forward pass of one modality's batch with running statistics, down to the logits on the host
    /// or, where passes are recorded, to the labels there, instead of a training step. Of volumes only.</param>
    /// <param name="model">Of volumes: modalities, classes and samples; made up if not given.</param>
    public MadeUpWork(TrainingConfig config, Backend backend, bool prediction, ModelDescription? model = null)
    {
        this.backend = backend;
        ISampleSource samples;
        if (config.Method.Task == TrainingTask.Images)
        {
            if (prediction)
                throw new NotSupportedException("predictions of classifiers are not measured");
            (method, samples) = MadeUpData.ForImages(config, backend);
        }
        else
        {
            (VolumeMethod ofVolumes, samples) = MadeUpData.ForVolumes(config, backend, model);
            method = ofVolumes;
            if (prediction)
                evaluator = new NetworkEvaluator(backend, ofVolumes.Network, samples.Groups.Count);
        }

        using (var loader = new BatchLoader(samples, config.Training.Batch, seed: 0, prefetch: 1))
            batch = loader.Next();
        if (!prediction)
            runner = new StepRunner(method);
    }

    /// <summary>Whether the step, or the prediction, is replayed from a recording by now.</summary>
    public bool IsRecorded => evaluator?.HasRecorded ?? runner?.Recording is not null;

    /// <summary>Numbers that training changes.</summary>
    public long Parameters => method.Modules.Sum(module => module.Parameters.Count());

    /// <summary>Shape of a batch's images.</summary>
    internal static Shape ImagesOf(ModalityIndex modality, SampleShape size) =>
        new(modality.Samples, size.Depth, size.Height, size.Width, size.Channels);

    /// <summary>
    /// FLOPs of a training step's convolutions, without taps in the padding: what the step asks of a backend that computes
    /// nothing.
    /// </summary>
    /// <param name="config">Method, task, network, sizes, losses.</param>
    /// <param name="model">Of volumes: modalities, classes and samples; made up if not given.</param>
    public static double StepFlops(TrainingConfig config, ModelDescription? model = null)
    {
        using Device device = Device.OpenWithoutMemory();
        using var shapes = new ShapeBackend(device);
        using var profiling = new ProfilingBackend(shapes);
        using var work = new MadeUpWork(config, profiling, prediction: false, model);
        DryStep.Run(work.method, work.batch, number: 1);
        return profiling.Records.Sum(record => record.Flops);
    }

    /// <summary>
    /// One step, or one prediction. A device may still be at a step's update when this returns; the next step's losses wait for
    /// it, so that of repeated steps each takes its whole time.
    /// </summary>
    public void Run()
    {
        if (evaluator is null)
            runner!.Run(++number, batch);
        else if (evaluator.IsRecording)
            ReadAll(evaluator.Labels(Samples, ReadImage, Pass, stop: default));
        else
            ReadAll(evaluator.Logits(Samples, ReadImage, Pass, stop: default));
    }

    /// <summary>Records the prediction and replays it once, for devices without values.</summary>
    /// <param name="beforeReplay">Called when operations have run.</param>
    /// <exception cref="NotSupportedException">The prediction cannot be recorded.</exception>
    internal void ReplayPrediction(Action beforeReplay)
    {
        PassKind labels = Pass with { TakesLabels = true, IsFetched = true };
        ReadAll(evaluator!.Start(Samples, ReadImage, labels, stop: default));
        beforeReplay();
        Run();
        if (!IsRecorded)
            throw new NotSupportedException($"{backend.Description} records no predictions");
    }

    /// <summary>
    /// Records the training step and replays the parts that every step has, without the host's decisions between them, which
    /// read values: for devices that have none.
    /// </summary>
    /// <param name="beforeReplay">Called when the step is recorded.</param>
    /// <returns>How many decisions there would be, and the most memory that the recorded work holds at a time.</returns>
    /// <exception cref="NotSupportedException">The step cannot be recorded.</exception>
    internal (int Decisions, long PeakBytes) ReplayWithoutDecisions(Action beforeReplay)
    {
        // As in training: operations are recorded that have run before.
        DryStep.Run(method, batch, ++number);
        using var recorded = new RecordedPlan(
            backend.Recorder ?? throw new NotSupportedException($"{backend.Description} records no steps"),
            method,
            ++number,
            batch
        );
        beforeReplay();
        recorded.Load(number, batch);
        (int Number, StepPart Part)[] always = [.. recorded.Parts.Index().Where(part => part.Item.IsDue is null)];
        foreach ((int number, _) in always)
            recorded.Recording.Run(number);
        return (always.Count(part => part.Part.Decide is not null), recorded.Recording.PeakBytes);
    }

    /// <summary>Those of the first modality.</summary>
    private IEnumerable<int> Samples => Enumerable.Range(0, batch.Groups.Runs().First().Count);

    private PassKind Pass => new(batch[VariedSamples.Images].Shape.With(0, Samples.Count()), Modality: 0);

    private void ReadImage(int sample, Span<float> image) => batch[VariedSamples.Images].Sample<float>(sample).CopyTo(image);

    private static void ReadAll<T>(IEnumerable<T> results)
    {
        foreach (T _ in results) { }
    }

    public void Dispose()
    {
        runner?.Dispose();
        evaluator?.Dispose();
        method.Dispose();
    }
}
