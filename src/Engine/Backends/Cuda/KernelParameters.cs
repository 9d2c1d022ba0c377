using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>kernels/common/dropout_mask.cuh: DropoutMask.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct KernelDropout(DropoutMask mask, nint bits)
{
    /// <summary>Keeps everything.</summary>
    public static readonly KernelDropout None = new(DropoutMask.None, 0);

    private readonly nint bits = bits;
    private readonly float scale = (float)mask.Scale;

    /// <summary>Whether an element may be dropped.</summary>
    public bool IsActive => bits != 0;
}

/// <summary>kernels/common/input_transform.cuh: InputTransform.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct KernelInputTransform(nint scale, nint shift, double slope, KernelDropout dropout)
{
    /// <summary>The input as it is.</summary>
    public static readonly KernelInputTransform Identity = new(0, 0, 1, KernelDropout.None);

    private readonly nint scale = scale,
        shift = shift;
    private readonly float slope = (float)slope;
    private readonly KernelDropout dropout = dropout;

    /// <summary>Whether values are scaled and shifted.</summary>
    public bool Normalizes => scale != 0;

    public bool Drops => dropout.IsActive;
}

/// <summary>Size3 of the kernels.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct KernelSize(int depth, int height, int width)
{
    private readonly int depth = depth,
        height = height,
        width = width;

    public int Width => width;

    /// <summary>Their product.</summary>
    public long Count => (long)depth * height * width;

    public static implicit operator KernelSize(Size3 size) => new(size.Depth, size.Height, size.Width);
}
