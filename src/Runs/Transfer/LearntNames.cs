using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Runs.Transfer;

/// <summary>What the rows of a model's tensors stand for, in their order.</summary>
/// <param name="Modalities">By modality index.</param>
/// <param name="Classes">Background first where there is one.</param>
/// <param name="Channels">Co-registered channels of a case; none where cases have one image.</param>
public sealed record LearntNames(IReadOnlyList<string> Modalities, IReadOnlyList<string> Classes, IReadOnlyList<string> Channels)
{
    public static LearntNames Of(ModelDescription model) =>
        new(model.Modalities, model.Classes, [.. (model.Channels ?? []).Select(channel => channel.Name)]);

    public static LearntNames Of(ClassifierDescription model) => new(["images"], model.ClassNames, []);

    /// <summary>Of a run folder; null where it does not say.</summary>
    /// <exception cref="InvalidDataException">Its model.json is damaged.</exception>
    public static LearntNames? Find(string runPath)
    {
        if (!File.Exists(Path.Combine(runPath, ModelDescription.FileName)))
            return null;
        return ClassifierDescription.IsIn(runPath) ? Of(ClassifierDescription.Read(runPath)) : Of(ModelDescription.Read(runPath));
    }
}
