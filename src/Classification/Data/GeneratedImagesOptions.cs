namespace UnpairedSegEngine.Classification.Data;

/// <summary>Which made-up images.</summary>
public enum GeneratedKind
{
    /// <summary>32x32, in colour, one of ten shapes each.</summary>
    Shapes10,

    /// <summary>96x96, in colour, one to four shapes of six classes, with proposals.</summary>
    ShapesMultilabel,

    /// <summary>96x96, grey, one to four garments of another dataset, with proposals.</summary>
    Garments,
}

/// <summary>How large a made-up dataset is.</summary>
public sealed record GeneratedImagesOptions
{
    /// <summary>Which images.</summary>
    public GeneratedKind Kind { get; init; } = GeneratedKind.Shapes10;

    /// <summary>Images to learn from, at least 1.</summary>
    public int Train { get; init; } = 2000;

    /// <summary>Images to be judged by.</summary>
    public int Test { get; init; } = 500;

    /// <summary>Proposals of an image with several objects, 16 to 1000.</summary>
    public int Proposals { get; init; } = 40;

    /// <summary>Every pixel follows from it, the split and the image's number; another seed makes other images.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Where <see cref="GeneratedKind.Garments"/> come from: grey images with one label each on black, such as
    /// Fashion-MNIST. Training canvases show its training images, test canvases its test images.</summary>
    public ImageDataset? Garments { get; init; }
}
