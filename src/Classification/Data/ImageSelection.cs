using UnpairedSegEngine.Random;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>The images of a dataset that a configuration and a seed choose.</summary>
/// <param name="Train">To learn from.</param>
/// <param name="Validation">The dataset's test images, or some of its training images that are not in <paramref name="Train"/>;
/// may be empty.</param>
public sealed record ImageSelection(ImageSet Train, ImageSet Validation)
{
    /// <summary>Keeps this choice apart from other random numbers of a seed.</summary>
    private const ulong Key = 0x51A7_3C0E_94D2_6B8F;

    /// <summary>Chooses images: the same seed makes the same choice, and a smaller limit a part of it.</summary>
    /// <exception cref="UsageException">The configuration leaves no image to learn from, or lists a class that is not
    /// there.</exception>
    public static ImageSelection Of(ImageDataset dataset, ImagesConfig config, long seed)
    {
        bool[] known = config.Classes.Of(dataset.ClassNames.Count);
        ImageSet train = OfClasses(dataset.Train, known),
            validation = OfClasses(dataset.Test, known);
        int[] order = BalancedOrder(train, (ulong)seed);
        if (dataset.Test.Count == 0)
        {
            int held = (int)Math.Round(config.ValidationShare * train.Count);
            validation = train.Subset(order[..held].Order());
            order = order[held..];
        }

        if (config.Limit > 0 && config.Limit < order.Length)
            order = order[..config.Limit];
        return order.Length > 0
            ? new ImageSelection(train.Subset(order.Order()), validation)
            : throw new UsageException(
                $"images.classes '{config.Classes}' and images.validation_share leave no training images of '{dataset.Folder}'"
            );
    }

    private static ImageSet OfClasses(ImageSet images, bool[] known) =>
        known.All(isKnown => isKnown)
            ? images
            : images.Subset(Enumerable.Range(0, images.Count).Where(i => images[i].Classes.Any(label => known[label])));

    /// <summary>All images in an order whose beginnings have as many images of each class as possible.</summary>
    private static int[] BalancedOrder(ImageSet images, ulong seed)
    {
        int[] shuffled = [.. Enumerable.Range(0, images.Count)];
        var stream = new PhiloxStream(seed ^ Key, 0, 0, 0);
        for (int i = shuffled.Length - 1; i > 0; i--)
        {
            int other = stream.NextIndex(i + 1);
            (shuffled[i], shuffled[other]) = (shuffled[other], shuffled[i]);
        }

        if (images.IsMultiLabel)
            return shuffled;
        int[] seen = new int[images.ClassCount];
        // Stable: the first image of each class, then the second of each, and so on.
        return
        [
            .. shuffled.Select(image => (image, round: seen[images.Label(image)]++)).OrderBy(p => p.round).Select(p => p.image),
        ];
    }
}
