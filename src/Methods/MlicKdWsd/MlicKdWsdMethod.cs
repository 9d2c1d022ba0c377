using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>
/// MLIC-KD-WSD: a classifier of whole images learns from a weakly supervised detector, first its features of regions, then its
/// predictions beside the labels. Liu, Sheng, Shao, Yan, Xiang, Pan, ACM MM 2018, arXiv:1809.05884. Without a teacher, plain
/// supervised training.
/// </summary>
internal sealed class MlicKdWsdMethod : ImageMethod
{
    /// <summary>Name of the learnt scale and its module in checkpoints.</summary>
    private const string ScaleName = "scale";

    private readonly MlicConfig settings;
    private readonly bool reference;
    private readonly DetectorTeacher? teacher;
    private readonly TwoRates optimizers;
    private readonly ImageNumbers numbers;
    private readonly Parameter? scale;

    /// <param name="backend">Computes.</param>
    /// <param name="model">What the student sees and tells apart.</param>
    /// <param name="teacher">Of the same images, classes and units; disposed of with the method. Null for none.</param>
    /// <param name="config">All settings.</param>
    public MlicKdWsdMethod(Backend backend, ClassifierDescription model, DetectorTeacher? teacher, TrainingConfig config)
        : base(backend, model.BuildNetwork(backend.Device, (ulong)config.Training.Seed), model, (ulong)config.Training.Seed)
    {
        (this.teacher, settings) = (teacher, ((MlicKdWsdConfig)config.Own).Mlic);
        reference = config.Compat == Compatibility.Reference;
        numbers = new ImageNumbers(backend.Device);
        List<TrainingModule> modules = [new(TrainingModule.Predictor, Network.Parameters)];
        if (teacher is not null)
        {
            modules.AddRange(teacher.Modules);
            var own = new ParameterStore(backend.Device, DType.Float32, Seed);
            scale = own.Create(ScaleName, new Shape(1), ParameterKind.Affine, Initializer.Zeros);
            backend.Fill(scale.Value, settings.Scale);
            modules.Add(new TrainingModule(ScaleName, own));
        }

        Modules = modules;
        optimizers = new TwoRates(backend, Network.Parameters, scale is null ? [] : [scale], config, settings.HeadRate);
        Phases =
            teacher is not null && settings.FeatureSteps > 0
                ? [new TrainingPhase("features of regions", settings.FeatureSteps), new("predictions")]
                : [new("training")];
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers => optimizers.Modules;

    public override IReadOnlyList<TrainingPhase> Phases { get; }

    public override ISampleSource Extend(ISampleSource samples) =>
        teacher is not null && samples is ImageSamples images
            ? new StudentRegions(images.WithProposals(settings.Proposals), Model.Shape, Model.Network.Side)
            : samples;

    public override StepPlan Plan(long step, DeviceBatch batch) =>
        new ComposedLossPlan(this, step, batch, teacher is not null && step <= settings.FeatureSteps ? Features : Predictions);

    public override IEnumerable<KeyValuePair<string, double>> Measure()
    {
        yield return new("l2_penalty", optimizers.Penalty());
        if (scale is not null)
            yield return new("scale", scale.Value.ToScalar());
    }

    public override void Dispose()
    {
        base.Dispose();
        numbers.Dispose();
        teacher?.Dispose();
    }

    /// <summary>Stage 1: no labels.</summary>
    private IReadOnlyList<WeightedLoss> Features(ForwardContext pass, DeviceBatch batch)
    {
        Tape tape = pass.Tape;
        Variable images = tape.Input(batch[ImageSamples.Images]);
        RegionBatch own = numbers.Of(tape, batch, StudentRegions.Corners);
        Variable student = own.Vectors(
                pass,
                // Dropout of what is compared only blurs it; the published code has it.
                reference ? pass : pass with { Training = false },
                Network,
                Model.Network.Grid,
                images
            ),
            known = tape.Input(teacher!.Vectors(images, numbers.Of(tape, batch)).Value);
        return [new("features", MlicKdWsdLoss.OfFeatures(tape, student, known, tape.Input(own.Mask)))];
    }

    /// <summary>Stage 2, and what a student without a teacher does.</summary>
    private IReadOnlyList<WeightedLoss> Predictions(ForwardContext pass, DeviceBatch batch)
    {
        Tape tape = pass.Tape;
        Variable images = tape.Input(batch[ImageSamples.Images]),
            logits = Network.Forward(pass, images);
        var onLabels = new WeightedLoss(
            ImageLabelLoss.Name,
            MlicKdWsdLoss.OfLogits(tape, logits, tape.Input(batch[ImageSamples.Labels]))
        );
        if (teacher is null)
            return [onLabels];
        Variable known = tape.Input(teacher.ImageScores(images, numbers.Of(tape, batch), settings.Temperature).Value),
            scaled = tape.Multiply(logits, scale!.Variable);
        return [onLabels, new("predictions", MlicKdWsdLoss.OfLogits(tape, scaled, known), settings.Predictions)];
    }
}
