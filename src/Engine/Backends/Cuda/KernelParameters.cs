using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>kernels/common/philox.cuh: DropoutMask.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct KernelDropout(DropoutMask mask, nint streamOffset)
{
    private readonly float scale = mask.IsActive ? (float)mask.Scale : 1;
    private readonly uint threshold = mask.IsActive ? (uint)mask.Threshold : 65536;
    private readonly uint seed0 = (uint)mask.Seed,
        seed1 = (uint)(mask.Seed >> 32);
    private readonly uint stream0 = (uint)mask.Stream,
        stream1 = (uint)(mask.Stream >> 32);
    private readonly nint streamOffset = streamOffset;

    /// <summary>Whether an element may be dropped.</summary>
    public bool IsActive => threshold < 65536;
}

/// <summary>kernels/common/input_transform.cuh: InputTransform.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct KernelInputTransform(nint scale, nint shift, double slope, KernelDropout dropout)
{
    /// <summary>The input as it is.</summary>
    public static readonly KernelInputTransform Identity = new(0, 0, 1, new KernelDropout(DropoutMask.None, 0));

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
