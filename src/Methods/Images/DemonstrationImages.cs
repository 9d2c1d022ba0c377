using UnpairedSegEngine.Classification.Data;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>Images for demonstrations: real ones where a script has fetched them, else generated ones.</summary>
internal static class DemonstrationImages
{
    /// <summary>Where tools/fetch-fashion-mnist.sh left the garments; it prints the folder.</summary>
    public const string GarmentsVariable = "UNPAIREDSEG_FASHION_MNIST";

    /// <summary>
    /// Ten classes, one label each: Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747) where <see cref="GarmentsVariable"/> names
    /// its folder, else drawn shapes by the seed.
    /// </summary>
    public static void Garments(string folder, ulong seed, CancellationToken stop)
    {
        if (Environment.GetEnvironmentVariable(GarmentsVariable) is not { Length: > 0 } garments)
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
