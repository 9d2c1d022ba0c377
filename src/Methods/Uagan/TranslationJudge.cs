using System.Numerics;
using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary>
/// Tells of which modality slices are. It learns from real slices alone, apart from any generator, so that what it says of
/// translations is independent of the discriminator that these were trained with.
/// </summary>
internal sealed class TranslationJudge : IDisposable
{
    private const int Channels = 8,
        MostLayers = 3,
        SlicesOfModality = 4;
    private const double LearningRate = 0.002;

    private readonly Backend backend;
    private readonly int modalities;
    private readonly Discriminator classifier;

    /// <param name="backend">Computes.</param>
    /// <param name="cases">Real ones of all modalities, of one size.</param>
    /// <param name="modalities">How many there are.</param>
    /// <param name="steps">Updates that it learns by.</param>
    /// <param name="seed">Of weights and samples.</param>
    public TranslationJudge(Backend backend, IReadOnlyList<PreparedCase> cases, int modalities, int steps = 150, ulong seed = 1)
    {
        (this.backend, this.modalities) = (backend, modalities);
        int size = cases[0].Grid.Height;
        classifier = new Discriminator(
            new ParameterStore(backend.Device, DType.Float32, seed),
            size,
            modalities,
            Channels,
            Math.Min(MostLayers, BitOperations.TrailingZeroCount(size))
        );
        using var adam = new Adam(backend, classifier.Parameters);
        PreparedCase[][] ofModality =
        [
            .. Enumerable.Range(0, modalities).Select(m => cases.Where(c => c.Modality.Index == m).ToArray()),
        ];
        var index = ModalityIndex.Blocks(modalities, SlicesOfModality);
        for (int step = 1; step <= steps; step++)
        {
            var stream = new PhiloxStream(seed, (uint)step, 0, 0);
            var slices = new List<(PreparedCase, int)>();
            for (int sample = 0; sample < index.Samples; sample++)
            {
                PreparedCase[] candidates = ofModality[index[sample]];
                PreparedCase drawn = candidates[stream.NextIndex(candidates.Length)];
                slices.Add((drawn, stream.NextIndex(drawn.SliceCount)));
            }

            adam.Minimize(
                LearningRate,
                pass =>
                    UaganLoss.Classification(
                        pass.Tape,
                        classifier.Forward(pass, SliceTranslation.Images(pass.Tape, slices)).Modality,
                        TwoStreamUNet2D.CodeOf(pass.Tape, index, DType.Float32)
                    )
            );
        }
    }

    /// <summary>Share of the cases' slices, real ones, whose modality it knows.</summary>
    public double AccuracyOn(IReadOnlyList<PreparedCase> cases) =>
        cases.Average(source =>
        {
            using TensorScope scope = TensorScope.Open(backend.Device);
            ForwardContext pass = Pass();
            return Share(pass, SliceTranslation.Images(pass.Tape, SlicesOf(source)), source.Modality.Index);
        });

    /// <summary>Share of the translations of the cases' slices to every other modality that it takes for that modality.</summary>
    public double Accepts(TwoStreamUNet2D generator, IReadOnlyList<PreparedCase> cases) =>
        (
            from source in cases
            from target in Enumerable.Range(0, modalities)
            where target != source.Modality.Index
            select Accepts(generator, source, target)
        ).Average();

    public void Dispose() => classifier.Parameters.Dispose();

    private double Accepts(TwoStreamUNet2D generator, PreparedCase source, int target)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        ForwardContext pass = Pass();
        Variable images = SliceTranslation.Images(pass.Tape, SlicesOf(source));
        return Share(pass, SliceTranslation.Translate(pass, generator, images, modalities, target).Translation, target);
    }

    /// <summary>Of images, those that look most like a modality.</summary>
    private double Share(ForwardContext pass, Variable images, int modality) =>
        classifier
            .Forward(pass, images)
            .Modality.Value.ToArray<float>()
            .Chunk(modalities)
            .Average(logits => Array.IndexOf(logits, logits.Max()) == modality ? 1.0 : 0.0);

    private ForwardContext Pass() => new(new Tape(backend, recording: false));

    private static IReadOnlyList<(PreparedCase, int)> SlicesOf(PreparedCase source) =>
        [.. Enumerable.Range(0, source.SliceCount).Select(slice => (source, slice))];
}
