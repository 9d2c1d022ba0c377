using UnpairedSegEngine.Classification.Data;

namespace UnpairedSegEngine.Classification.Evaluation;

/// <summary>How well a network that was told labels only says where objects are.</summary>
public static class Localization
{
    /// <summary>Overlap from which on a box counts as right.</summary>
    public const double LeastOverlap = 0.5;

    /// <summary>
    /// CorLoc by class (Deselaers, Alexe, Ferrari 2012): the share of images with the label whose best box overlaps an object of
    /// the class by half or more (intersection over union). Null where no image has the label.
    /// </summary>
    /// <param name="images">That say where objects are.</param>
    /// <param name="best">The box that is held to show a class best, by image and class; asked only for labels that the image
    /// has.</param>
    public static IReadOnlyList<double?> CorLoc(ImageSet images, Func<int, int, ImageBox> best) =>
        ByClass(images, (image, label) => IsRight(images[image], label, best(image, label)) ? 1 : 0);

    /// <summary>
    /// What <see cref="CorLoc"/> is to be expected of boxes that are chosen at random: what a network must exceed.
    /// </summary>
    /// <param name="images">That say where objects are.</param>
    /// <param name="boxes">Of which one is chosen, at least one by image.</param>
    public static IReadOnlyList<double?> CorLocAtRandom(ImageSet images, Func<int, IReadOnlyList<BoxProposal>> boxes) =>
        ByClass(images, (image, label) => boxes(image).Average(chosen => IsRight(images[image], label, chosen.Box) ? 1.0 : 0.0));

    /// <summary>The mean over the images that have a label, for each label.</summary>
    private static IReadOnlyList<double?> ByClass(ImageSet images, Func<int, int, double> score) =>
        [
            .. Enumerable
                .Range(0, images.ClassCount)
                .Select(label =>
                    Enumerable
                        .Range(0, images.Count)
                        .Where(image => images[image].Classes.Contains(label))
                        .Select(image => (double?)score(image, label))
                        .Average()
                ),
        ];

    private static bool IsRight(LabelledImage image, int label, ImageBox box) =>
        image.Objects.Any(known => known.Class == label && known.Box.Overlap(box) >= LeastOverlap);
}
