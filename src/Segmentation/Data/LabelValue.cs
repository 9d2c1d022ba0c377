namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>What the bytes of a class map mean besides the classes themselves.</summary>
public static class LabelValue
{
    /// <summary>A pixel of no class: losses and metrics leave it out.</summary>
    public const byte Ignored = 255;

    /// <summary>The class of whatever is no organ.</summary>
    public const byte Background = 0;
}
