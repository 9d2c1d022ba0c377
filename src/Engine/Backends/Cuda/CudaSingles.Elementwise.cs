using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Graphs;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const string ElementwiseFile = "elementwise/elementwise";

    public override void Fill(Tensor y, double value) => Elementwise("elementwise_fill", null, null, y, offset: value);

    public override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y)
    {
        string kernel = function switch
        {
            BinaryFunction.Add => "elementwise_add" + SweepPlan.SuffixOf([a, b, y], SweepPlan.IsWide(y.Count, [a, b, y])),
            BinaryFunction.Subtract => "elementwise_subtract",
            BinaryFunction.Multiply => "elementwise_multiply",
            BinaryFunction.Divide => "elementwise_divide",
            _ => throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function of two tensors"),
        };
        Elementwise(kernel, a, b, y);
    }

    public override void Affine(Tensor x, double scale, double offset, Tensor y) =>
        Elementwise("elementwise_affine", x, null, y, scale, offset);

    public override void LeakyReluForward(Tensor x, double slope, Tensor y) =>
        Elementwise("leaky_relu_forward", x, null, y, slope);

    public override void LeakyReluBackward(Tensor gy, Tensor x, double slope, Tensor gx) =>
        Elementwise("leaky_relu_backward", gy, x, gx, slope);

    public override void ResidualAdd(Tensor shortcut, Tensor branch, DropoutMask mask, Tensor y)
    {
        (int channels, int shortcutChannels) = (y.Shape[^1], shortcut.Shape[^1]);
        int margin = (channels - shortcutChannels) / 2;
        SweepPlan sweep = SweepPlan.Over(
            samples: 1,
            checked((int)(y.Count / channels)),
            channels,
            [shortcut, branch, y],
            shortcutChannels,
            margin
        );
        using DrawnMask drawn = Draw(mask, branch.Count);
        kernels.Launch(
            ElementwiseFile,
            "residual_add" + sweep.Suffix,
            sweep.Geometry,
            new ResidualParameters
            {
                Shortcut = shortcut.Pointer,
                Branch = branch.Pointer,
                Y = y.Pointer,
                Dropout = drawn.Kernel,
                Sweep = sweep.Parameters,
                ShortcutChannels = shortcutChannels,
                Margin = margin,
            }
        );
    }

    /// <summary>A grid holds no more tiles of channels than <see cref="SweepPlan.MostChannels"/>.</summary>
    public override void CopyChannels(Tensor x, int xStart, Tensor y, int yStart, int count)
    {
        using var widening = new Widening(this, taken: false);
        Tensor read = widening.Read(x),
            updated = widening.Update(y);
        using SideBranch.Excursion aside = recorder.AsideAfter(read, updated);
        for (int done = 0; done < count; done += SweepPlan.MostChannels)
            CopySomeChannels(read, xStart + done, updated, yStart + done, Math.Min(SweepPlan.MostChannels, count - done));
        widening.Store();
    }

    private void CopySomeChannels(Tensor x, int xStart, Tensor y, int yStart, int count)
    {
        SweepPlan sweep = SweepPlan.Over(
            samples: 1,
            checked((int)(x.Count / x.Shape[^1])),
            count,
            [x, y],
            x.Shape[^1],
            xStart,
            y.Shape[^1],
            yStart
        );
        kernels.Launch(
            ElementwiseFile,
            "copy_channels" + sweep.Suffix,
            sweep.Geometry,
            new CopyChannelsParameters
            {
                X = x.Pointer,
                Y = y.Pointer,
                Sweep = sweep.Parameters,
                XChannels = x.Shape[^1],
                XStart = xStart,
                YChannels = y.Shape[^1],
                YStart = yStart,
            }
        );
    }

    private void Zero(nint target, long count) =>
        kernels.LaunchElementwise(
            ElementwiseFile,
            "elementwise_fill",
            count,
            new ElementwiseParameters { Y = target, Count = count }
        );

    private void Elementwise(string kernel, Tensor? a, Tensor? b, Tensor y, double scale = 1, double offset = 0) =>
        kernels.LaunchElementwise(
            ElementwiseFile,
            kernel,
            y.Count,
            new ElementwiseParameters
            {
                A = a?.Pointer ?? 0,
                B = b?.Pointer ?? 0,
                Y = y.Pointer,
                Count = y.Count,
                Scale = (float)scale,
                Offset = (float)offset,
            }
        );

    /// <summary>kernels/elementwise/parameters.cuh: ElementwiseParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ElementwiseParameters
    {
        public nint A,
            B,
            Y;
        public long Count;
        public float Scale,
            Offset;
    }

    /// <summary>ResidualParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ResidualParameters
    {
        public nint Shortcut,
            Branch,
            Y;
        public KernelDropout Dropout;
        public KernelChannelSweep Sweep;
        public int ShortcutChannels,
            Margin;
    }

    /// <summary>CopyChannelsParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct CopyChannelsParameters
    {
        public nint X,
            Y;
        public KernelChannelSweep Sweep;
        public int XChannels,
            XStart,
            YChannels,
            YStart;
    }
}
