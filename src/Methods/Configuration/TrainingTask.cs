namespace UnpairedSegEngine.Methods.Configuration;

/// <summary>What is learnt, and so which data a method takes.</summary>
public enum TrainingTask
{
    /// <summary>To segment volumes, or records of their slices.</summary>
    Volumes,

    /// <summary>To classify whole images, with one label each or with several.</summary>
    Images,
}

/// <summary>Which keys of <see cref="TrainingConfig"/> a task has.</summary>
internal static class TaskKeys
{
    private static readonly string[] OfVolumes = ["data.", "augmentation.", "network.", "loss."],
        OfImages = ["images.", "classifier."],
        OfBoth = ["loss.l2", "loss.l2_on"];

    /// <summary>Whether a key of the common settings says something in a task; a method's own always do.</summary>
    public static bool Belongs(string key, TrainingTask task) =>
        OfBoth.Contains(key)
        || !(
            task switch
            {
                TrainingTask.Volumes => OfImages,
                TrainingTask.Images => OfVolumes,
                _ => throw new ArgumentOutOfRangeException(nameof(task), task, "no such task"),
            }
        ).Any(group => key.StartsWith(group, StringComparison.Ordinal));
}
