using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>kernels/convolution/parameters.cuh: OperandLayout.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OperandLayout
{
    public KernelSize From,
        Extent;
}

/// <summary>kernels/convolution/parameters.cuh: OperandParameters.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OperandParameters
{
    public nint X,
        Operand;
    public KernelInputTransform Transform;
    public int Symmetric,
        XBfloat16;
    public KernelSize Input;
    public OperandLayout Layout;
    public KernelChannelSweep Sweep;
}

/// <summary>kernels/convolution/parameters.cuh: GatherParameters.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GatherParameters
{
    public nint X,
        Weights,
        Bias,
        Y,
        Moments;
    public KernelInputTransform Transform;
    public KernelDropout MomentsDropout;
    public int Samples,
        Channels,
        Outputs,
        Symmetric,
        Accumulate,
        XBfloat16,
        YBfloat16;
    public KernelSize Input,
        Output,
        Count,
        Start,
        OutputStep,
        InputStep,
        Taps,
        TapBase,
        TapStep,
        Tile,
        Tiles,
        Halo;
    public int Chunk;
    public OperandLayout Operand;
}

/// <summary>kernels/convolution/parameters.cuh: GatherTable.</summary>
[InlineArray(Size)]
internal struct GatherTable
{
    /// <summary>Gathers per launch.</summary>
    public const int Size = 6;

    private GatherParameters gathers;
}

/// <summary>kernels/convolution/parameters.cuh: PackParameters.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PackParameters
{
    public nint Weights,
        Packed;
    public int Inputs,
        Outputs,
        Transposed;
    public KernelSize Kernel,
        Taps,
        WeightBase,
        WeightStep;
    public int Chunk,
        Chunks,
        Tile,
        Tiles;
}

/// <summary>kernels/convolution/parameters.cuh: PlaneFill.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PlaneFill
{
    public int Planes,
        Pitch,
        Positions,
        Together;
}

/// <summary>kernels/convolution/parameters.cuh: WeightGradientParameters.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WeightGradientParameters
{
    public nint X,
        Gy,
        Partial;
    public KernelInputTransform Transform;
    public int Samples,
        Channels,
        Outputs,
        Symmetric,
        XBfloat16,
        GyBfloat16;
    public KernelSize Input,
        Output,
        Kernel,
        Stride,
        Dilation,
        Pad;
    public int ChannelTiles,
        OutputTiles,
        PositionsPerSplit;
    public KernelSize Tile,
        Tiles,
        Halo;
    public int TilesPerSplit,
        TilesPerSum;
    public KernelSize Taps;
    public int Folded,
        RowBits;
    public PlaneFill XFill,
        GyFill;
    public OperandLayout XOperand,
        GyOperand;
}

/// <summary>kernels/convolution/parameters.cuh: SumSplitsParameters.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SumSplitsParameters
{
    public nint Partial,
        Sums;
    public long Count;
    public int Splits,
        Slices;
}

/// <summary>kernels/convolution/parameters.cuh: PositionBox.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PositionBox
{
    public KernelSize From,
        Size;
}

/// <summary>The boxes of <see cref="FoldParameters"/>: two per axis.</summary>
[InlineArray(MirroredBorder.MostBoxes)]
internal struct PositionBoxes
{
    private PositionBox boxes;
}

/// <summary>kernels/convolution/parameters.cuh: FoldParameters.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FoldParameters
{
    public nint Padded,
        Gx;
    public int Samples,
        Channels;
    public KernelSize Input,
        PadBefore,
        PaddedSize;
    public PositionBoxes Boxes;
}
