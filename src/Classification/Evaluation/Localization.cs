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
        [
            .. Enumerable
                .Range(0, images.ClassCount)
                .Select(label =>
                    Enumerable
                        .Range(0, images.Count)
                        .Where(image => images[image].Classes.Contains(label))
                        .Select(image => (double?)(IsRight(images[image], label, best(image, label)) ? 1 : 0))
                        .Average()
                ),
        ];

    private static bool IsRight(LabelledImage image, int label, ImageBox box) =>
        image.Objects.Any(known => known.Class == label && known.Box.Overlap(box) >= LeastOverlap);
}
