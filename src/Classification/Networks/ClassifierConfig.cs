using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Classification.Networks;

/// <summary>Which network.</summary>
public enum ClassifierName
{
    /// <summary>The residual network of small images (He et al. 2016, arXiv:1512.03385, section 4.2).</summary>
    Resnet,

    /// <summary>Plain 3x3 convolutions (Simonyan and Zisserman 2015, arXiv:1409.1556).</summary>
    Vgg,

    /// <summary>Densely connected, with bottlenecks and compression (Huang et al. 2017, arXiv:1608.06993).</summary>
    Densenet,
}

/// <summary>A network that classifies images; its classes and the images' channels come from the dataset.</summary>
public sealed record ClassifierConfig
{
    private static readonly ConfigKeys Keys = new(typeof(ClassifierConfig));

    /// <summary>Which architecture.</summary>
    [ConfigKey("network")]
    public ClassifierName Name { get; init; } = ClassifierName.Resnet;

    /// <summary>Layers with weights, as the papers count them.</summary>
    [ConfigKey(
        "layers as the papers count them: 6n+2 (resnet: 8, 14, 20, 32, 56, 110), 9, 11, 13, 16, 19 (vgg; 9 has three blocks of "
            + "two convolutions), 6n+4 or 121 (densenet)",
        Minimum = 8,
        Maximum = 1202
    )]
    public int Depth { get; init; } = 20;

    /// <summary>Channels of the first group; of <see cref="ClassifierName.Densenet"/> the growth rate.</summary>
    [ConfigKey(
        "channels of the first group, 16 (or 8, narrow) for resnet, 64 for vgg; the growth rate of densenet: 12, 32",
        Minimum = 2,
        Maximum = 512
    )]
    public int Width { get; init; } = 16;

    /// <summary>Units of each of the two hidden layers of <see cref="ClassifierName.Vgg"/>; 0 for none of them.</summary>
    [ConfigKey("units of each of two hidden layers (vgg); 0 for none", Minimum = 0, Maximum = 8192)]
    public int Hidden { get; init; }

    /// <summary>Height and width of what the hidden layers read.</summary>
    [ConfigKey("height and width that the last features are pooled to before the hidden layers (vgg)", Minimum = 1, Maximum = 32)]
    public int Grid { get; init; } = 7;

    /// <summary>Probability that dropout keeps a hidden unit; 1 for no dropout.</summary>
    [ConfigKey(
        "probability that dropout keeps a hidden unit; 1 for no dropout (vgg)",
        Minimum = 0,
        Maximum = 1,
        AboveMinimum = true
    )]
    public double DropoutKeep { get; init; } = 0.5;

    /// <summary>Whether batch normalization follows the convolutions of <see cref="ClassifierName.Vgg"/>, or a bias.</summary>
    [ConfigKey("batch normalization behind convolutions, or a bias (vgg)")]
    public bool BatchNorm { get; init; } = true;

    /// <summary>Height and width that images are brought to before the first layer (<see cref="Layers.BilinearResize"/>); 0 for
    /// as they are.</summary>
    [ConfigKey(
        "height and width that images are brought to before the first layer (bilinear, corners on corners); 0 for as they are",
        Minimum = 0,
        Maximum = 4096
    )]
    public int Side { get; init; }

    /// <summary>All settings as texts by key: "depth", "width".</summary>
    internal IReadOnlyDictionary<string, string> ToTexts() => Keys.TextsOf(this);

    /// <summary>What is wrong with texts that somebody else wrote; null where nothing is.</summary>
    internal static string? Problem(IReadOnlyDictionary<string, string> texts) => Keys.ProblemOf(texts, "network");

    /// <summary>The settings of texts without a <see cref="Problem"/>; defaults for those that are missing.</summary>
    internal static ClassifierConfig Parse(IReadOnlyDictionary<string, string> texts) =>
        Keys.Parse(texts, new ClassifierConfig());
}
