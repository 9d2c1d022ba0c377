using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>kernels/normalization/parameters.cuh: NormalizationLayout.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct KernelNormalizationLayout(NormalizationProblem problem, nint modality)
{
    private readonly nint modality = modality;
    private readonly int samples = problem.Samples,
        modalities = problem.Modality.Modalities,
        channels = problem.Channels,
        groups = problem.StatisticsGroups;
    private readonly int bySample = problem.Kind == NormalizationKind.Batch ? 0 : 1;

    public int Samples => samples;

    /// <summary>Samples that have statistics in common.</summary>
    public int SamplesTogether => bySample == 1 ? 1 : samples / modalities;

    /// <summary>Channels that have statistics in common.</summary>
    public int ChannelsTogether => channels / groups;
}

/// <summary>NormalizationPass.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NormalizationPassParameters
{
    public nint X,
        Gy,
        Scale,
        Shift,
        Mean,
        Partial;
    public KernelDropout Dropout;
    public float Slope;
    public KernelNormalizationLayout Layout;
    public KernelChannelSweep Sweep;
    public int Chunks;
}

/// <summary>CombineMoments.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CombineMomentsParameters
{
    public nint Partial,
        Mean,
        Variance;
    public KernelNormalizationLayout Layout;
    public int Chunks;
}

/// <summary>NormalizationCoefficients.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NormalizationCoefficientsParameters
{
    public nint Mean,
        Variance,
        Gamma,
        Beta,
        Scale,
        Shift;
    public KernelNormalizationLayout Layout;
    public float Epsilon;
}

/// <summary>NormalizationApply.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NormalizationApplyParameters
{
    public nint X,
        Scale,
        Shift,
        Y;
    public KernelDropout Dropout;
    public float Slope;
    public KernelChannelSweep Sweep;
}

/// <summary>GradientCoefficients.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GradientCoefficientsParameters
{
    public nint Partial,
        Sums,
        Mean,
        Variance,
        Gamma,
        GGamma,
        GBeta,
        Factor,
        Slant,
        Offset;
    public KernelNormalizationLayout Layout;
    public float Epsilon;
    public int ThroughStatistics;
    public long Positions;
    public int Chunks;
}

/// <summary>NormalizationBackwardApply.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NormalizationBackwardApplyParameters
{
    public nint X,
        Gy,
        Scale,
        Shift,
        Factor,
        Slant,
        Offset,
        Gx;
    public KernelDropout Dropout;
    public float Slope;
    public KernelChannelSweep Sweep;
}

/// <summary>RunningUpdate.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RunningUpdateParameters
{
    public nint Mean,
        Variance,
        RunningMean,
        RunningVariance;
    public KernelNormalizationLayout Layout;
    public float Decay,
        Take;
}

/// <summary>RunningTable.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RunningTable
{
    public const int Size = 48;

    public RunningRows Updates;
}

[InlineArray(RunningTable.Size)]
internal struct RunningRows
{
    private RunningUpdateParameters first;
}
