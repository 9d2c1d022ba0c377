namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>What in a header places the volume in the world.</summary>
public enum AffineSource
{
    /// <summary>Spacing alone: the volume is centred on the origin, in LAS.</summary>
    Spacing,

    /// <summary>Quaternion and offset.</summary>
    Qform,

    /// <summary>The matrix srow_x, srow_y, srow_z.</summary>
    Sform,
}
