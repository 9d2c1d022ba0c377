using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary>
/// Samples with the random numbers of their translation: a key, by which the batch's modalities are permuted, and where between
/// the image and its translation the gradient penalty looks. They come with the batch, so that a recorded step has new ones.
/// </summary>
/// <param name="samples">Whose numbers are drawn first, so that they are as without these.</param>
internal sealed class TranslationSamples(ISampleSource samples) : ISampleSource
{
    /// <summary>Name of the keys among a batch's tensors: one whole number from 0 for each sample.</summary>
    public const string Keys = "translation_keys";

    /// <summary>Name of the places between image and translation: (1, 1, 1, 1), from 0 to 1.</summary>
    public const string Shares = "translation_shares";

    /// <summary>A float32 can hold them and a place in a batch of a thousand.</summary>
    private const int KeyCount = 1 << 14;

    public IReadOnlyList<string> Groups => samples.Groups;

    public IReadOnlyList<TensorKind> Tensors { get; } =
    [.. samples.Tensors, new(Keys, new Shape(), DType.Float32), new(Shares, new Shape(1, 1, 1, 1), DType.Float32)];

    public IBatchPreparation? Preparation => samples.Preparation;

    public string Description => samples.Description;

    public SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample)
    {
        SampleOrigin origin = samples.Draw(group, ref stream, sample);
        sample.Elements<float>(Tensors.Count - 2)[0] = stream.NextIndex(KeyCount);
        sample.Elements<float>(Tensors.Count - 1)[0] = stream.NextUniform();
        return origin;
    }
}
