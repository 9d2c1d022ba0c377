namespace UnpairedSegEngine.Training;

/// <summary>A file of a package.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="XxHash128">Of its bytes, in hexadecimal.</param>
public sealed record PackageFile(long Size, string XxHash128);

/// <summary>package.json of a <see cref="ModelPackage"/>: what the model is, and what the package holds.</summary>
/// <param name="Format">Of the package: <see cref="ModelPackage.Format"/>.</param>
/// <param name="Task">"segmentation" or "classification".</param>
/// <param name="Version">Of the program that trained the model; empty where that was not written down.</param>
/// <param name="GitHash">Commit that program was built from; empty where unknown.</param>
/// <param name="Step">Training step of the weights.</param>
/// <param name="IsBest">Whether a validation chose them.</param>
/// <param name="Data">Fingerprint of the training data: XxHash128 over the sorted hashes of all training cases; null where they
/// were not written down.</param>
/// <param name="Cases">Training cases of each modality.</param>
/// <param name="Metrics">What the validation at that step found, by name.</param>
/// <param name="Files">All other files of the package, by name.</param>
public sealed record PackageManifest(
    int Format,
    string Task,
    string Version,
    string GitHash,
    long Step,
    bool IsBest,
    string? Data,
    IReadOnlyDictionary<string, int> Cases,
    IReadOnlyDictionary<string, double> Metrics,
    IReadOnlyDictionary<string, PackageFile> Files
);
