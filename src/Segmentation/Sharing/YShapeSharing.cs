namespace UnpairedSegEngine.Segmentation.Sharing;

/// <summary>Own layers up to 1/8 resolution (2D: groups 1 to 4; 3D: the encoder), shared ones behind them.</summary>
internal sealed class YShapeSharing : SharingRule
{
    private static readonly string[] EarlyGroups = ["g1", "g2", "g3", "g4"];

    protected override bool SharesNormalization => true;

    protected override bool IsSpecific(string stage) =>
        EarlyGroups.Contains(stage) || stage.StartsWith("enc", StringComparison.Ordinal);
}
