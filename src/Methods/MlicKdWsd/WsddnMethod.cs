using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Imaging.Pictures;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>
/// The teacher: a detector that learns from labels of images where their objects are. Bilen and Vedaldi 2016, arXiv:1511.02853,
/// with the loss and layers of the code of Liu et al. 2018.
/// </summary>
internal sealed class WsddnMethod : ImageMethod
{
    /// <summary>Regions that are looked at together in predictions: memory grows with them.</summary>
    private const int RegionsAtOnce = 1024;

    private const int PicturedImages = 12,
        ImagesInRow = 4;

    private readonly MlicConfig settings;
    private readonly WeakDetector detector;
    private readonly TwoRates optimizers;
    private readonly ImageNumbers numbers;

    /// <param name="backend">Computes.</param>
    /// <param name="model">What it sees and tells apart.</param>
    /// <param name="config">All settings.</param>
    public WsddnMethod(Backend backend, ClassifierDescription model, TrainingConfig config)
        : base(backend, model.BuildNetwork(backend.Device, (ulong)config.Training.Seed), model, (ulong)config.Training.Seed)
    {
        settings = ((MlicKdWsdConfig)config.Own).Mlic;
        detector = new WeakDetector(model, Network, Seed);
        optimizers = new TwoRates(backend, Network.Parameters, detector.Head.Trainable, config, settings.HeadRate);
        numbers = new ImageNumbers(backend.Device);
        Modules = detector.Modules();
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers => optimizers.Modules;

    /// <exception cref="InvalidOperationException">They are no images.</exception>
    public override ISampleSource Extend(ISampleSource samples) =>
        samples is ImageSamples images
            ? images.WithProposals(settings.Proposals)
            : throw new InvalidOperationException($"a detector learns from images, not from {samples.Description}");

    public override StepPlan Plan(long step, DeviceBatch batch) => new ComposedLossPlan(this, step, batch, Losses);

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizers.Penalty())];

    /// <summary>With CorLoc where images say where objects are.</summary>
    public override ClassificationReport Evaluate(ImageSet images, CancellationToken stop = default)
    {
        IReadOnlyList<ImageFindings> found = Locate(images, stop);
        ClassificationReport report = ClassificationReport.Of(
            images,
            [.. found.Select(findings => findings.Scores)],
            Model.ClassNames
        );
        return images.HasObjects
            ? report.With(Localization.CorLoc(images, (image, label) => found[image].Best[label].Box))
            : report;
    }

    public override IReadOnlyList<ImageFindings> Locate(ImageSet images, CancellationToken stop = default)
    {
        IReadOnlyList<RegionRows> regions = RegionRows.Of(images, settings.Proposals);
        var predictor = new ClassPredictor(
            Backend,
            Network,
            Model.Normalization,
            Model.IsMultiLabel,
            Math.Max(1, RegionsAtOnce / settings.Proposals)
        );
        IReadOnlyList<float[]> scores = predictor.Compute(
            images,
            (context, batch, shown) => Scores(context, batch, [.. shown.Select(image => regions[image])]),
            stop
        );
        return [.. scores.Zip(regions, (own, rows) => Findings(own, rows.Proposals))];
    }

    /// <summary>
    /// "cor_loc_edges": CorLoc of the proposals with the best score, of whatever class; "cor_loc_random": what a random proposal
    /// is expected to have. The detector must exceed both.
    /// </summary>
    public override IEnumerable<KeyValuePair<string, double>> Judge(ImageSet images, CancellationToken stop = default)
    {
        if (!images.HasObjects)
            return [];
        IReadOnlyList<RegionRows> regions = RegionRows.Of(images, settings.Proposals);
        return
        [
            new("cor_loc_edges", Mean(Localization.CorLoc(images, (image, _) => regions[image].Proposals[0].Box))),
            new("cor_loc_random", Mean(Localization.CorLocAtRandom(images, image => regions[image].Proposals))),
        ];

        static double Mean(IReadOnlyList<double?> byClass) => byClass.Average() ?? double.NaN;
    }

    /// <summary>
    /// Draws the best place of each label that an image has, in colour, on where objects are, in white.
    /// </summary>
    /// <param name="images">Of which the first are shown.</param>
    /// <param name="runPath">Receives best-proposals.png.</param>
    public override void Draw(ImageSet images, string runPath)
    {
        images = images.Subset(Enumerable.Range(0, Math.Min(PicturedImages, images.Count)));
        BoxedImage[] shown =
        [
            .. Locate(images)
                .Select(
                    (found, i) =>
                        new BoxedImage(
                            images[i].Pixels,
                            [.. images[i].Classes.Select(label => Box(found.Best[label].Box, label, Model.ClassNames[label]))],
                            [.. images[i].Objects.Select(known => Box(known.Box, known.Class, ""))]
                        )
                ),
        ];
        string path = MethodDefinition.PathOfPicture(runPath, "best-proposals");
        BoxPicture.Write(path, shown, images.Shape.Height, images.Shape.Width, ImagesInRow);

        static PictureBox Box(ImageBox box, int label, string caption) => new(box.X1, box.Y1, box.X2, box.Y2, label, caption);
    }

    public override void Dispose()
    {
        base.Dispose();
        numbers.Dispose();
    }

    private IReadOnlyList<WeightedLoss> Losses(ForwardContext pass, DeviceBatch batch)
    {
        Tape tape = pass.Tape;
        RegionBatch regions = numbers.Of(tape, batch);
        Variable vectors = detector.Vectors(pass, tape.Input(batch[ImageSamples.Images]), regions),
            scores = detector.ImageScores(pass, vectors, regions);
        return [new(ImageLabelLoss.Name, MlicKdWsdLoss.OfProbabilities(tape, scores, tape.Input(batch[ImageSamples.Labels])))];
    }

    /// <summary>(images, regions * classes).</summary>
    private Variable Scores(ForwardContext pass, Variable images, IReadOnlyList<RegionRows> shown)
    {
        int count = settings.Proposals;
        float[] corners = new float[shown.Count * count * RegionRows.Numbers],
            scores = new float[shown.Count * count],
            mask = new float[shown.Count * count];
        foreach ((int i, RegionRows rows) in shown.Index())
            rows.Fill(
                box => box,
                corners.AsSpan(i * count * RegionRows.Numbers, count * RegionRows.Numbers),
                scores.AsSpan(i * count, count),
                mask.AsSpan(i * count, count)
            );
        var shape = new Shape(shown.Count, count);
        RegionBatch regions = numbers.Of(
            pass.Tape,
            pass.Tape.Input(new Shape(shown.Count, count, RegionRows.Numbers), corners).Value,
            pass.Tape.Input(shape, scores).Value,
            pass.Tape.Input(shape, mask).Value
        );
        Variable found = detector.Scores(pass, detector.Vectors(pass, images, regions), regions);
        return pass.Tape.Reshape(found, new Shape(shown.Count, count * Network.Classes));
    }

    /// <param name="scores">(regions, classes).</param>
    /// <param name="proposals">The regions that are some.</param>
    private ImageFindings Findings(float[] scores, IReadOnlyList<BoxProposal> proposals)
    {
        int classes = Network.Classes;
        var sums = new float[classes];
        var best = new BoxProposal[classes];
        for (int k = 0; k < classes; k++)
        {
            best[k] = new BoxProposal(proposals[0].Box, scores[k]);
            for (int region = 0; region < proposals.Count; region++)
            {
                float score = scores[(region * classes) + k];
                sums[k] += score;
                if (score > best[k].Score)
                    best[k] = new BoxProposal(proposals[region].Box, score);
            }
        }

        return new ImageFindings(sums, best);
    }
}
