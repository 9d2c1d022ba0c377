using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Graphs;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    public override void Dropout(Tensor x, DropoutMask mask, Tensor y)
    {
        using DrawnMask drawn = Draw(mask, x.Count);
        bool wide = SweepPlan.IsWide(y.Count, [x, y]);
        kernels.LaunchElementwise(
            DropoutMasks.File,
            "dropout" + SweepPlan.SuffixOf([x, y], wide),
            y.Count,
            new DropoutParameters
            {
                X = x.Pointer,
                Y = y.Pointer,
                Count = y.Count,
                Mask = drawn.Kernel,
            }
        );
    }

    /// <summary>
    /// The mask of a tensor as kernels read it. While work is recorded it is drawn once, before the part that first uses it;
    /// otherwise at once, for the launches until it is disposed.
    /// </summary>
    private DrawnMask Draw(DropoutMask mask, long elements)
    {
        if (!mask.IsActive)
            return default;
        if (recorder.Masks is { } masks)
            return new DrawnMask(null, new KernelDropout(mask, masks.PutOff(mask, elements)));
        Scratch bits = Rent(DropoutMasks.BytesOf(elements));
        DropoutMasks.Draw(kernels, [DropoutMasks.Of(mask, elements, bits.Pointer)], streamOffset: 0);
        return new DrawnMask(bits, new KernelDropout(mask, bits.Pointer));
    }

    /// <summary>Bits of a mask, and who returns their memory.</summary>
    private readonly struct DrawnMask(Scratch? bits, KernelDropout kernel) : IDisposable
    {
        private readonly KernelDropout? kernel = kernel;

        public KernelDropout Kernel => kernel ?? KernelDropout.None;

        public void Dispose() => bits?.Dispose();
    }

    /// <summary>DropoutParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct DropoutParameters
    {
        public nint X,
            Y;
        public long Count;
        public KernelDropout Mask;
    }
}
