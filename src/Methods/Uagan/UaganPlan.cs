using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary>
/// One step: the generator segments the images and translates them to permuted modalities; the discriminator learns to tell
/// translations from images; then the generator learns from the new discriminator, and from what it makes of its translations.
/// The generator runs once for both halves of the step, since its weights do not change between them; the published code runs it
/// again, with other masks of dropout.
/// </summary>
internal sealed class UaganPlan : StepPlan
{
    private readonly UaganMethod method;
    private readonly TwoStreamUNet2D generator;
    private readonly Discriminator discriminator;
    private readonly long step;
    private readonly DeviceBatch batch;
    private readonly ForwardContext ofGenerator,
        ofDiscriminator;
    private readonly Tensor places,
        shapeWeight;
    private readonly Dictionary<string, Tensor> left = [];
    private long running;
    private Variable? logits,
        translation,
        targets,
        total;

    public UaganPlan(UaganMethod method, TwoStreamUNet2D generator, Discriminator discriminator, long step, DeviceBatch batch)
        : base(method.Backend.Device)
    {
        (this.method, this.generator, this.discriminator, this.step, this.batch) = (
            method,
            generator,
            discriminator,
            step,
            batch
        );
        running = step;
        ofGenerator = Pass();
        ofDiscriminator = Pass();
        int samples = batch.Groups.Samples;
        places = Exchange(new Shape(samples), DType.Float32);
        places.Load<float>([.. Enumerable.Range(0, samples).Select(place => (float)place)]);
        shapeWeight = Exchange(new Shape(), DType.Float32);

        // A part that changes weights and then convolves with them cannot be recorded, hence the border between the last two of
        // the discriminator and the first of the generator.
        Parts =
        [
            new StepPart(Criticize, DecideDiscriminator),
            new StepPart(UpdateDiscriminator),
            new StepPart(Persuade, DecideGenerator),
            new StepPart(UpdateGenerator),
        ];

        ForwardContext Pass() => new(new Tape(method.Backend), batch.Groups, Training: true, method.Seed, step);
    }

    public override IReadOnlyList<StepPart> Parts { get; }

    public override void Begin(long step) => running = step;

    /// <summary>The generator's first run, and the discriminator's losses.</summary>
    private void Criticize()
    {
        Tape tape = ofGenerator.Tape;
        Variable images = tape.Input(batch[VariedSamples.Images]),
            codes = TwoStreamUNet2D.CodeOf(tape, batch.Groups, DType.Float32),
            places = tape.Input(this.places),
            keys = tape.Input(batch[TranslationSamples.Keys]);

        // Places make keys different that are equal.
        targets = UaganLoss.Permute(tape, keys + (places / batch.Groups.Samples), places, codes);
        (logits, translation) = generator.Translate(ofGenerator, images, targets);

        UaganSettings weights = method.Settings;
        tape = ofDiscriminator.Tape;
        Variable real = tape.Input(batch[VariedSamples.Images]),
            fake = tape.Input(translation.Value),
            share = tape.Input(batch[TranslationSamples.Shares]);
        (Variable realness, Variable modality) = discriminator.Forward(ofDiscriminator, tape.Concat(0, real, fake));
        int samples = batch.Groups.Samples;
        Variable ofReal = Leave("discriminator_real", -tape.Mean(tape.Slice(realness, 0, 0, samples))),
            ofFake = Leave("discriminator_fake", tape.Mean(tape.Slice(realness, 0, samples, samples))),
            classes = Leave(
                "discriminator_modality",
                UaganLoss.Classification(tape, tape.Slice(modality, 0, 0, samples), tape.Input(codes.Value))
            );
        Variable between = tape.Input((fake + (share * (real - fake))).Value, requiresGradient: true);
        Variable penalty = Leave(
            "gradient_penalty",
            UaganLoss.GradientPenalty(tape, between, discriminator.Forward(ofDiscriminator, between).Realness)
        );
        total = ofReal + ofFake + (weights.Classification * classes) + (weights.Penalty * penalty);
    }

    private LossReport DecideDiscriminator()
    {
        LossReport report = Report(
            ("discriminator_real", 1),
            ("discriminator_fake", 1),
            ("discriminator_modality", method.Settings.Classification),
            ("gradient_penalty", method.Settings.Penalty)
        );

        // The step before has read its own by now.
        shapeWeight.Load<float>([(float)method.ShapeWeightAt(running)]);
        return report;
    }

    private void UpdateDiscriminator() => method.UpdateOfDiscriminator.Run(ofDiscriminator.Tape, total!, step);

    /// <summary>The generator's losses by the new discriminator, and its second run, on its translations.</summary>
    private void Persuade()
    {
        Tape tape = ofGenerator.Tape;
        UaganSettings weights = method.Settings;
        Tensor labels = batch[VariedSamples.Labels];
        (Variable realness, Variable modality) = WithoutGradients(() => discriminator.Forward(ofGenerator, translation!));
        (Variable logitsOfTranslation, Variable back) = generator.Translate(
            ofGenerator,
            translation!,
            TwoStreamUNet2D.CodeOf(tape, batch.Groups, DType.Float32),
            run: 1
        );
        Variable fooled = Leave("generator_fake", -tape.Mean(realness)),
            classes = Leave("generator_modality", UaganLoss.Classification(tape, modality, targets!)),
            segmentation = Leave("segmentation", method.SegmentationLoss(tape, logits!, labels)),
            cycle = Leave("cycle", tape.L1(tape.Input(batch[VariedSamples.Images]), back)),
            shape = Leave("shape", method.SegmentationLoss(tape, logitsOfTranslation, labels));
        total =
            fooled
            + (weights.Classification * classes)
            + (method.SegmentationWeight * segmentation)
            + (weights.Cycle * cycle)
            + (tape.Input(shapeWeight) * shape);
    }

    private LossReport DecideGenerator() =>
        Report(
            ("generator_fake", 1),
            ("generator_modality", method.Settings.Classification),
            ("segmentation", method.SegmentationWeight),
            ("cycle", method.Settings.Cycle),
            ("shape", method.ShapeWeightAt(running))
        );

    private void UpdateGenerator() =>
        WithoutGradients(() =>
        {
            method.UpdateOfNetwork.Run(ofGenerator.Tape, total!, step);
            return true;
        });

    /// <summary>What the generator learns through the discriminator leaves that as it is.</summary>
    private T WithoutGradients<T>(Func<T> compute)
    {
        Variable[] trained = [.. discriminator.Parameters.Trainable.Select(parameter => parameter.Variable)];
        foreach (Variable parameter in trained)
            parameter.RequiresGradient = false;
        try
        {
            return compute();
        }
        finally
        {
            foreach (Variable parameter in trained)
                parameter.RequiresGradient = true;
        }
    }

    /// <summary>Leaves a loss for the host.</summary>
    private Variable Leave(string name, Variable loss)
    {
        Tensor kept = Exchange(loss.Shape, loss.DType);
        method.Backend.Affine(loss.Value, 1, 0, kept);
        left[name] = kept;
        return loss;
    }

    private LossReport Report(params IReadOnlyList<(string Name, double Weight)> losses)
    {
        LossTerm[] terms = [.. losses.Select(loss => new LossTerm(loss.Name, left[loss.Name].ToScalar(), $"loss '{loss.Name}'"))];
        return new LossReport(terms.Zip(losses, (term, loss) => loss.Weight * term.Value).Sum(), terms);
    }
}
