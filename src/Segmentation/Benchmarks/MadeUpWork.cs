using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Schemes;
using UnpairedSegEngine.Segmentation.Training;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Benchmarks;

/// <summary>A configuration's training step, or its network's prediction, on made-up images, to be timed.</summary>
public sealed class MadeUpWork : IDisposable
{
    /// <summary>Classes of the network, with background.</summary>
    public const int Classes = 5;

    /// <summary>Modalities of a step.</summary>
    public const int Modalities = 2;

    private readonly Backend backend;
    private readonly ISegmentationNetwork network;
    private readonly TrainingStep? step;
    private readonly Shape shape;
    private readonly ModalityIndex modality;
    private readonly float[] images;
    private readonly byte[] labels;
    private long number;

    /// <param name="config">Network, sizes, scheme, losses; its batch is of each modality.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="prediction">A forward pass of one modality's batch with running statistics, down to the logits on the host,
    /// instead of a training step.</param>
    public MadeUpWork(TrainingConfig config, Backend backend, bool prediction)
    {
        this.backend = backend;
        Scheme scheme = Scheme.Of(config);
        network = scheme.CreateNetwork(config, backend.Device, Modalities, Classes);
        int batch = config.Training.Batch,
            size = config.Data.Size;
        modality = prediction ? ModalityIndex.Single(Modalities, 0, batch) : ModalityIndex.Blocks(Modalities, batch);
        shape = new Shape(
            modality.Samples,
            config.Network.Name == NetworkName.Unet3d ? config.Data.Depth : 1,
            size,
            size,
            network.InputChannels
        );
        images = [.. Enumerable.Range(0, checked((int)shape.Count)).Select(i => MathF.Sin(i * 0.37f))];
        labels = [.. Enumerable.Range(0, images.Length / network.InputChannels).Select(i => (byte)(i / 11 % Classes))];
        if (!prediction)
            step = new TrainingStep(
                backend,
                network,
                scheme.LossOf(config),
                Scheme.OptimizerOf(config, Modalities),
                (ulong)config.Training.Seed
            );
    }

    /// <summary>Whether the step is replayed from a recording by now.</summary>
    public bool IsRecorded => step?.Recording is not null;

    /// <summary>Numbers that training changes.</summary>
    public long Parameters => network.Parameters.Trainable.Sum(parameter => parameter.Value.Count);

    /// <summary>
    /// One step, or one prediction. A device may still be at a step's update when this returns; the next step's losses wait for
    /// it, so that of repeated steps each takes its whole time.
    /// </summary>
    public void Run()
    {
        if (step is not null)
        {
            step.Run(++number, images, shape, labels, modality);
            return;
        }

        using TensorScope scope = TensorScope.Open(backend.Device);
        var context = new ForwardContext(new Tape(backend, recording: false), modality, Training: false);
        network.Forward(context, new Variable(Tensor.From<float>(backend.Device, shape, images))).Value.ToArray<float>();
    }

    public void Dispose()
    {
        step?.Dispose();
        network.Parameters.Dispose();
    }
}
