using UnpairedSegEngine.Random;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Draws slices, with their neighbours as channels, from prepared cases; a share of them shows an organ for certain.
/// </summary>
public sealed class SliceSource : IVolumeSamples
{
    private readonly float foregroundFraction;
    private readonly bool classesUniform;
    private readonly ModalitySlices[] slicesOfModality;

    /// <summary>Indexes the slices of some cases.</summary>
    /// <param name="cases">Cases with reference segmentations, all of one network size.</param>
    /// <param name="modalities">The dataset's modalities.</param>
    /// <param name="channels">Neighbouring slices per sample, odd.</param>
    /// <param name="foregroundFraction">The share of samples drawn from slices with an organ, 0..1; the others are drawn from all
    /// slices.</param>
    /// <param name="classesUniform">Draws an organ first and then one of its slices, so that small organs are seen as often as
    /// large ones.</param>
    /// <exception cref="ArgumentException">The share is not within 0..1, a case has no reference segmentation or a modality no
    /// case.</exception>
    public SliceSource(
        IReadOnlyList<PreparedCase> cases,
        IReadOnlyList<Modality> modalities,
        int channels,
        float foregroundFraction = 0.67f,
        bool classesUniform = true
    )
    {
        if (foregroundFraction is not (>= 0 and <= 1))
        {
            throw new ArgumentException(
                FormattableString.Invariant($"the foreground fraction is {foregroundFraction}, expected 0 to 1")
            );
        }
        this.foregroundFraction = foregroundFraction;
        this.classesUniform = classesUniform;
        Modalities = modalities;
        PreparedCase? unlabelled = cases.FirstOrDefault(c => c.ClassHistograms.Count == 0);
        if (unlabelled is not null)
            throw new ArgumentException($"case '{unlabelled.Id}' has no reference segmentation to train on");
        slicesOfModality = [.. modalities.Select(m => new ModalitySlices([.. cases.Where(c => c.Modality == m)]))];
        Modality? empty = modalities.FirstOrDefault(m => slicesOfModality[m.Index].All.Length == 0);
        if (empty is not null)
            throw new ArgumentException($"modality {empty.Name} has no case to draw from");
        Shape = new SampleShape(cases[0].Grid.Height, cases[0].Grid.Width, channels);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Modality> Modalities { get; }

    /// <inheritdoc/>
    public SampleShape Shape { get; }

    /// <inheritdoc/>
    public SampleOrigin Draw(Modality modality, ref PhiloxStream stream, Span<float> image, Span<byte> labels)
    {
        (PreparedCase drawn, int slice) = Choose(modality, ref stream);
        drawn.ReadImages(slice, 1, Shape.Channels, image);
        drawn.LabelsOf(slice).CopyTo(labels);
        return VolumeSample.Slice(drawn.Id, slice);
    }

    /// <summary>Which slice a stream leads to.</summary>
    internal (PreparedCase Case, int Slice) Choose(Modality modality, ref PhiloxStream stream)
    {
        ModalitySlices slices = slicesOfModality[modality.Index];
        (PreparedCase, int)[] candidates = slices.All;
        if (stream.NextUniform() < foregroundFraction && slices.WithForeground.Length > 0)
        {
            candidates = classesUniform
                ? slices.OfPresentClass[stream.NextIndex(slices.OfPresentClass.Length)]
                : slices.WithForeground;
        }
        return candidates[stream.NextIndex(candidates.Length)];
    }

    private sealed class ModalitySlices
    {
        public ModalitySlices(PreparedCase[] cases)
        {
            All = [.. cases.SelectMany(c => Enumerable.Range(0, c.SliceCount).Select(slice => (c, slice)))];
            int classCount = All.Length == 0 ? 0 : cases[0].ClassHistograms[0].Count;
            OfPresentClass =
            [
                .. Enumerable
                    .Range(1, Math.Max(0, classCount - 1))
                    .Select(label => All.Where(s => s.Case.ClassHistograms[s.Slice][label] > 0).ToArray())
                    .Where(slices => slices.Length > 0),
            ];
            WithForeground = [.. All.Where(s => s.Case.ClassHistograms[s.Slice].Skip(1).Any(count => count > 0))];
        }

        public (PreparedCase Case, int Slice)[] All { get; }

        public (PreparedCase Case, int Slice)[] WithForeground { get; }

        public (PreparedCase Case, int Slice)[][] OfPresentClass { get; }
    }
}
