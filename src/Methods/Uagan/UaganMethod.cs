using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Schedules;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary>
/// UAGAN: a network segments slices of unpaired modalities and translates them to each other; a discriminator judges the
/// translations, and what is translated has to keep its shape. Yuan et al. 2019 (MICCAI), github.com/mangoyuan/UAGAN. With a
/// network of one stream, plain supervised training on all modalities together.
/// </summary>
public sealed class UaganMethod : VolumeMethod
{
    private const string DiscriminatorName = "discriminator";

    private readonly Tensor classWeights;
    private readonly long steps;

    /// <param name="backend">Computes.</param>
    /// <param name="network">Is trained; disposed of with the method.</param>
    /// <param name="config">All settings; its own are <see cref="UaganConfig"/>.</param>
    /// <param name="modalities">How many there are.</param>
    internal UaganMethod(Backend backend, ISegmentationNetwork network, TrainingConfig config, int modalities)
        : base(backend, network, (ulong)config.Training.Seed)
    {
        Settings = ((UaganConfig)config.Own).Uagan;
        (SegmentationWeight, steps) = (config.Loss.CeWeight, config.Training.Steps);
        classWeights = Tensor.Allocate(backend.Device, new Shape(network.Classes), DType.Float32).Detach();
        classWeights.Load<float>([
            .. Enumerable
                .Range(0, network.Classes)
                .Select(c => (float)(c == 0 ? Settings.BackgroundWeight : 1 - Settings.BackgroundWeight)),
        ]);
        var modules = new List<TrainingModule> { new(TrainingModule.Predictor, network.Parameters) };
        var optimizers = new List<ModuleOptimizer> { OptimizerOf("", network.Parameters, place: 0) };
        Generator = network as TwoStreamUNet2D;
        if (Generator is not null)
        {
            var store = new ParameterStore(backend.Device, DType.Float32, Seed);
            Discriminator = new Discriminator(
                store,
                config.Data.Size,
                modalities,
                Settings.DiscriminatorChannels,
                Settings.DiscriminatorLayers
            );
            modules.Add(new TrainingModule(DiscriminatorName, store));
            optimizers.Add(OptimizerOf(DiscriminatorName, store, place: 1));
        }

        (Modules, Optimizers) = (modules, optimizers);
        UpdateOfNetwork = new ParameterUpdate(backend, optimizers[0]);
        UpdateOfDiscriminator = new ParameterUpdate(backend, optimizers[^1]);

        ModuleOptimizer OptimizerOf(string name, ParameterStore parameters, int place)
        {
            var adam = new Adam(
                backend,
                parameters,
                config.Optimizer.Beta1,
                config.Optimizer.Beta2,
                config.Optimizer.Epsilon,
                config.Loss.L2
            )
            {
                RateSlot = place,
            };
            var schedule = new LinearDecay(
                config.Optimizer.LearningRate,
                (long)Math.Round((1 - Settings.RateDecay) * steps),
                steps,
                Settings.FinalRate
            );
            return new ModuleOptimizer(name, adam, [.. parameters.Trainable], schedule) { Clip = config.Optimizer.Clip };
        }
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    internal UaganSettings Settings { get; }

    /// <summary>The network, where it translates.</summary>
    internal TwoStreamUNet2D? Generator { get; }

    /// <summary>Judges translations; null where there are none.</summary>
    internal Discriminator? Discriminator { get; }

    internal ParameterUpdate UpdateOfNetwork { get; }

    internal ParameterUpdate UpdateOfDiscriminator { get; }

    /// <summary>Weight of the cross-entropy of images.</summary>
    internal double SegmentationWeight { get; }

    /// <summary>Weight of the cross-entropy of translated images at a step: a line from 0, then constant.</summary>
    internal double ShapeWeightAt(long step)
    {
        double ramp = Math.Round(Settings.ShapeRamp * steps);
        return step >= ramp ? Settings.Shape : Settings.Shape * step / ramp;
    }

    /// <summary>The cross-entropy with weighted classes, divided by the sum of the weights of all pixels.</summary>
    internal Variable SegmentationLoss(Tape tape, Variable logits, Tensor labels) =>
        tape.CrossEntropy(logits, labels, classWeights);

    public override ISampleSource Extend(ISampleSource samples) => Generator is null ? samples : new TranslationSamples(samples);

    public override StepPlan Plan(long step, DeviceBatch batch) =>
        Generator is not null && Discriminator is not null
            ? new UaganPlan(this, Generator, Discriminator, step, batch)
            : new ComposedLossPlan(this, step, batch, SegmentationAlone);

    public override void Dispose()
    {
        base.Dispose();
        classWeights.Dispose();
    }

    private IReadOnlyList<WeightedLoss> SegmentationAlone(ForwardContext pass, DeviceBatch batch)
    {
        Variable logits = Network.Forward(pass, pass.Tape.Input(batch[VariedSamples.Images]));
        return [new("segmentation", SegmentationLoss(pass.Tape, logits, batch[VariedSamples.Labels]), SegmentationWeight)];
    }
}
