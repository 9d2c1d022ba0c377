using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>Which network.</summary>
public enum NetworkName
{
    /// <summary>The dilated residual network on slices.</summary>
    Dilated2d,

    /// <summary>The 3D U-Net on blocks of slices.</summary>
    Unet3d,

    /// <summary>The U-Net on slices with instance normalization.</summary>
    Unet2d,

    /// <summary>Two such U-Nets on slices, one of which translates them to other modalities.</summary>
    TwoStream2d,
}

/// <summary>
/// How a translation is told its target: by a plane for each modality beside the image, zeros but for the target's.
/// </summary>
public enum TargetPlane
{
    /// <summary>
    /// Ones, as published. What is constant does not pass an instance normalization, but for what the image's border makes of it.
    /// </summary>
    Ones,

    /// <summary>The image itself: the first convolution has a kernel for each target.</summary>
    Image,
}

/// <summary>Whether modalities share gamma, beta and statistics where they share kernels.</summary>
public enum NormSharing
{
    /// <summary>As the scheme has it.</summary>
    Scheme,

    /// <summary>One normalization for all modalities.</summary>
    Shared,

    /// <summary>One normalization for each modality.</summary>
    PerModality,
}

/// <summary>The network; its number of classes comes from the dataset.</summary>
public sealed record NetworkConfig
{
    /// <summary>Which architecture.</summary>
    [ConfigKey("network")]
    public NetworkName Name { get; init; } = NetworkName.Dilated2d;

    /// <summary>
    /// Channels F of the first group, even, 2 to 256; the deepest has 32 F (<see cref="NetworkName.Dilated2d"/>), 16 F
    /// (<see cref="NetworkName.Unet3d"/>) or 2^<see cref="Halvings"/> F (the others).
    /// </summary>
    [ConfigKey(
        "channels F of the first group, even; the deepest has 32 F (dilated2d), 16 F (unet3d) or 2^halvings F (the others)",
        Minimum = 2,
        Maximum = 256
    )]
    public int Channels { get; init; } = 16;

    /// <summary>Kernel of each level of <see cref="NetworkName.Unet3d"/>, finest first; as many levels as sizes.</summary>
    [ConfigKey("kernel of each level, finest first, height x width x depth (unet3d)", Form = "sizes such as 3x3x3 3x3x1")]
    public SizeList Kernels { get; init; } = new("3x3x3 3x3x3 3x3x1 3x3x1");

    /// <summary>
    /// Pool between neighbouring levels of <see cref="NetworkName.Unet3d"/>: one size fewer than <see cref="Kernels"/>.
    /// </summary>
    [ConfigKey("pool between neighbouring levels, height x width x depth (unet3d)", Form = "sizes such as 2x2x2 2x2x1")]
    public SizeList Pools { get; init; } = new("2x2x2 2x2x2 2x2x2");

    /// <summary>
    /// Depth of the transposed convolutions' kernels, 1 to 7; 0 for that of their level's <see cref="Kernels"/>.
    /// </summary>
    [ConfigKey(
        "depth of the transposed convolutions' kernels, 0 for that of their level; 1 leaves every other slice empty, as "
            + "published (unet3d)",
        Minimum = 0,
        Maximum = 7
    )]
    public int UpsampleDepth { get; init; }

    /// <summary>How often <see cref="NetworkName.Unet2d"/> and <see cref="NetworkName.TwoStream2d"/> halve an image.</summary>
    [ConfigKey("how often the image is halved (unet2d, two_stream2d)", Minimum = 1, Maximum = 8)]
    public int Halvings { get; init; } = 4;

    /// <summary>What <see cref="NetworkName.TwoStream2d"/> sees of the target.</summary>
    [ConfigKey("plane of the modality to translate to: ones, as published, or the image (two_stream2d)")]
    public TargetPlane TargetPlane { get; init; } = TargetPlane.Ones;

    /// <summary>
    /// Probability that dropout keeps an element, above 0; 1 for no dropout. Not of <see cref="NetworkName.Unet3d"/>.
    /// </summary>
    [ConfigKey(
        "probability that dropout keeps an element; 1 for no dropout (not of unet3d)",
        Minimum = 0,
        Maximum = 1,
        AboveMinimum = true
    )]
    public double DropoutKeep { get; init; } = 0.75;

    /// <summary>Kernels and pools of <see cref="NetworkName.Unet3d"/>.</summary>
    public UNetLevels Levels => new(Kernels.Sizes, Pools.Sizes, UpsampleDepth);

    private static readonly ConfigKeys Keys = new(typeof(NetworkConfig));

    /// <summary>All settings as texts by key: "channels", "norm.kind".</summary>
    internal IReadOnlyDictionary<string, string> ToTexts() => Keys.TextsOf(this);

    /// <summary>What is wrong with texts that somebody else wrote; null where nothing is.</summary>
    internal static string? Problem(IReadOnlyDictionary<string, string> texts) => Keys.ProblemOf(texts, "network");

    /// <summary>The settings of texts without a <see cref="Problem"/>; defaults for those that are missing.</summary>
    internal static NetworkConfig Parse(IReadOnlyDictionary<string, string> texts) => Keys.Parse(texts, new NetworkConfig());

    /// <summary>Slope of the leaky ReLU below zero, 0 to 1; 0 makes it a ReLU.</summary>
    [ConfigKey("slope of the leaky ReLU below zero", Minimum = 0, Maximum = 1)]
    public double LeakySlope { get; init; } = 0.2;

    /// <summary>The normalization layers.</summary>
    [ConfigKey("normalization")]
    public NormConfig Norm { get; init; } = new();
}

/// <summary>The normalization layers.</summary>
public sealed record NormConfig
{
    /// <summary>Over what mean and variance are taken.</summary>
    [ConfigKey("over what moments are taken")]
    public NormalizationKind Kind { get; init; } = NormalizationKind.Batch;

    /// <summary>Whether modalities that share a kernel share its normalization, too.</summary>
    [ConfigKey(
        "whether modalities share normalization where they share kernels: joint, y_shape and x_shape do, joint_norm and "
            + "ummkd do not"
    )]
    public NormSharing Sharing { get; init; } = NormSharing.Scheme;

    /// <summary>
    /// Running statistics: running = decay * running + (1 - decay) * batch, 0 to 1. <see cref="NormalizationKind.Batch"/> only.
    /// </summary>
    [ConfigKey("running = decay * running + (1 - decay) * batch", Minimum = 0, Maximum = 1)]
    public double Decay { get; init; } = 0.9;

    /// <summary>Added to the variance, above 0.</summary>
    [ConfigKey("added to the variance", Minimum = 0, AboveMinimum = true)]
    public double Epsilon { get; init; } = 1e-3;

    /// <summary>Groups of <see cref="NormalizationKind.Group"/>, 1 to 256; must divide the channels of every layer.</summary>
    [ConfigKey("channel groups of group norm", Minimum = 1, Maximum = 256)]
    public int Groups { get; init; } = 16;
}
