using UnpairedSegEngine.Classification.Data;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>Images for demonstrations: real ones where a script has fetched them, else generated ones.</summary>
internal static class DemonstrationImages
{
    /// <summary>Where tools/fetch-fashion-mnist.sh left the garments; it prints the folder.</summary>
    public const string GarmentsVariable = "UNPAIREDSEG_FASHION_MNIST";

    private static string? GarmentsFolder =>
        Environment.GetEnvironmentVariable(GarmentsVariable) is { Length: > 0 } folder ? folder : null;

    /// <summary>
    /// Canvases of one to four objects with proposals, labelled by the classes that they show: garments where <see
    /// cref="GarmentsVariable"/> names their folder, else drawn shapes by the seed.
    /// </summary>
    /// <param name="train">Canvases to learn from.</param>
    /// <param name="test">Canvases to be judged by.</param>
    public static Action<string, ulong, CancellationToken> Canvases(int train, int test) =>
        (folder, seed, stop) =>
            GeneratedImages.Write(
                folder,
                new GeneratedImagesOptions
                {
                    Kind = GarmentsFolder is null ? GeneratedKind.ShapesMultilabel : GeneratedKind.Garments,
                    Train = train,
                    Test = test,
                    Seed = seed,
                    Garments = GarmentsFolder is { } garments ? ImageDataset.Open(garments) : null,
                },
                stop
            );

    /// <summary>
    /// Ten classes, one label each: Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747) where <see cref="GarmentsVariable"/> names
    /// its folder, else drawn shapes by the seed.
    /// </summary>
    public static void Garments(string folder, ulong seed, CancellationToken stop)
    {
        if (GarmentsFolder is not { } garments)
        {
            var shapes = new GeneratedImagesOptions
            {
                Kind = GeneratedKind.Shapes10,
                Train = 5000,
                Test = 2000,
                Seed = seed,
            };
            GeneratedImages.Write(folder, shapes, stop);
            return;
        }

        ImageDataset.Open(garments);
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.EnumerateFiles(garments))
        {
            stop.ThrowIfCancellationRequested();
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
    }
}
