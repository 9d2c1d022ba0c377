namespace UnpairedSegEngine.Segmentation.Configuration;

/// <summary>Which network.</summary>
public enum NetworkName
{
    /// <summary>The dilated residual network on slices.</summary>
    Dilated2d,
}

/// <summary>Over what normalization takes its moments.</summary>
public enum NormKind
{
    /// <summary>Per modality and channel.</summary>
    Batch,

    /// <summary>Per sample and channel.</summary>
    Instance,

    /// <summary>Per sample.</summary>
    Layer,

    /// <summary>Per sample and group of channels.</summary>
    Group,
}

/// <summary>The network; its number of classes comes from the dataset.</summary>
public sealed record NetworkConfig
{
    [ConfigKey("network")]
    public NetworkName Name { get; init; } = NetworkName.Dilated2d;

    [ConfigKey("channels F of the first group, even; the deepest has 32 F (2D)", Minimum = 2, Maximum = 256)]
    public int Channels { get; init; } = 16;

    [ConfigKey("probability that dropout keeps an element; 1 for no dropout", Minimum = 0, Maximum = 1, AboveMinimum = true)]
    public double DropoutKeep { get; init; } = 0.75;

    [ConfigKey("slope of the leaky ReLU below zero", Minimum = 0, Maximum = 1)]
    public double LeakySlope { get; init; } = 0.2;

    [ConfigKey("normalization")]
    public NormConfig Norm { get; init; } = new();
}

/// <summary>The normalization layers.</summary>
public sealed record NormConfig
{
    [ConfigKey("over what moments are taken")]
    public NormKind Kind { get; init; } = NormKind.Batch;

    [ConfigKey("running = decay * running + (1 - decay) * batch", Minimum = 0, Maximum = 1)]
    public double Decay { get; init; } = 0.9;

    [ConfigKey("added to the variance", Minimum = 0, AboveMinimum = true)]
    public double Epsilon { get; init; } = 1e-3;

    [ConfigKey("channel groups of group norm", Minimum = 1, Maximum = 256)]
    public int Groups { get; init; } = 16;
}
