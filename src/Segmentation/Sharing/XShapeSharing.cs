namespace UnpairedSegEngine.Segmentation.Sharing;

/// <summary>
/// Own layers at high resolution on the way in and out (2D: groups 1 to 3, 10 and the read-out; 3D: levels 1 and 2 of both
/// paths), shared ones between. After Valindria et al., WACV 2018.
/// </summary>
internal sealed class XShapeSharing : SharingRule
{
    private static readonly string[] EarlyAndLate =
    [
        "g1",
        "g2",
        "g3",
        "g10",
        "out",
        "enc1",
        "enc2",
        "deconv2",
        "dec2",
        "deconv1",
        "dec1",
        "logits",
    ];

    protected override bool SharesNormalization => true;

    protected override bool IsSpecific(string stage) => EarlyAndLate.Contains(stage);
}
