using System.Diagnostics;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>How fast training batches are drawn, normalized and varied, by threads of the processor.</summary>
/// <param name="Sample">The size of a sample.</param>
/// <param name="Samples">In a batch, of all modalities together.</param>
/// <param name="Threads">That prepare batches.</param>
/// <param name="Batches">That were timed.</param>
/// <param name="MsPerBatch">Time from one batch to the next.</param>
/// <param name="ProcessorMsPerSample">Of a core, for a sample: also where other work shares the machine.</param>
public sealed record BatchResult(
    string Sample,
    int Samples,
    int Threads,
    int Batches,
    double MsPerBatch,
    double ProcessorMsPerSample
);

/// <summary>Times the preparation of training batches, as training has it.</summary>
public static class BatchBenchmark
{
    private const int PhantomSlices = 24,
        FewestBatches = 3;

    /// <summary>The samples of a dataset folder, held in memory.</summary>
    /// <param name="config">Network, sizes, normalization and augmentation.</param>
    /// <param name="folder">The dataset; phantoms of the configured size if null.</param>
    /// <param name="threads">Cases read at once.</param>
    /// <exception cref="InvalidDataException">The dataset is bad, or does not fit the configuration.</exception>
    public static ISampleSource Open(TrainingConfig config, string? folder, int threads)
    {
        if (folder is not null)
            return Read(config, folder, threads);
        DirectoryInfo phantoms = Directory.CreateTempSubdirectory("unpairedseg-phantoms-");
        try
        {
            PhantomDataset.Write(
                phantoms.FullName,
                new PhantomDatasetOptions
                {
                    Size = config.Data.Size,
                    Slices = Math.Max(PhantomSlices, config.Data.Depth),
                    Training = 1,
                    Validation = 1,
                    Test = 0,
                }
            );
            return Read(config, phantoms.FullName, threads);
        }
        finally
        {
            phantoms.Delete(recursive: true);
        }
    }

    /// <param name="source">Where samples come from.</param>
    /// <param name="samplesPerGroup">Samples of each modality in a batch.</param>
    /// <param name="threads">That prepare batches.</param>
    /// <param name="seconds">To spend.</param>
    public static BatchResult Run(ISampleSource source, int samplesPerGroup, int threads, double seconds)
    {
        using var loader = new BatchLoader(source, samplesPerGroup, seed: 1, threadCount: threads, prefetch: threads + 2);
        // What was prepared before the clock starts is not counted.
        for (int i = 0; i < threads + 2; i++)
            loader.Next().Dispose();
        using Process process = Process.GetCurrentProcess();
        TimeSpan spent = process.TotalProcessorTime;
        long begun = Stopwatch.GetTimestamp();
        int batches = 0;
        while (batches < FewestBatches || Stopwatch.GetElapsedTime(begun).TotalSeconds < seconds)
        {
            loader.Next().Dispose();
            batches++;
        }

        double milliseconds = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        process.Refresh();
        int samples = samplesPerGroup * source.Groups.Count;
        return new BatchResult(
            source.Description,
            samples,
            threads,
            batches,
            milliseconds / batches,
            (process.TotalProcessorTime - spent).TotalMilliseconds / ((double)batches * samples)
        );
    }

    private static ISampleSource Read(TrainingConfig config, string folder, int threads)
    {
        SegmentationDataset dataset = SegmentationDataset.Open(folder);
        PreprocessingSettings preprocessing = ModelDescriptions.Of(config, dataset).Preprocessing;
        CaseCache cache = CaseCache.Load(dataset.Split().Train, dataset, preprocessing, threads);
        return SampleSources.Vary(SampleSources.Create(config, cache.Cases, dataset.Modalities, preprocessing.Shape), config);
    }
}
