using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const int OperandThreads = 256,
        OperandPositionsPerThread = 8,
        PlaneChannels = 8;

    /// <summary>Planes side by side in a warp: eight positions of each are 128 bytes.</summary>
    private const int OperandLanes = 4;

    /// <summary>
    /// Writes the positions of x, (N, D, H, W, C), that kernels on wgmma copy in bf16: after the transform, with the border that
    /// the padding gives; null where no kernel does.
    /// </summary>
    private Operand? WriteOperand(Tensor x, PaddingMode padding, KernelInputTransform transform, OperandBox? box)
    {
        if (box is not { } wanted)
            return null;
        Shape shape = x.Shape;
        (int samples, int channels) = (shape[0], shape[4]);
        var operand = new Operand(Rent(wanted.Bytes(samples, channels)), wanted.Layout);
        int positions = wanted.Extent.Count,
            lanes = Math.Min(OperandLanes, SweepPlan.LanesOf(channels, wide: true).Lanes),
            chunk = Math.Min(positions, OperandThreads / lanes * OperandPositionsPerThread);
        kernels.Launch(
            "convolution/operand",
            "convolution_operand",
            new LaunchGeometry(Divide(positions, chunk), Divide(channels, lanes * PlaneChannels), samples, OperandThreads, 0),
            new OperandParameters
            {
                X = x.Pointer,
                Operand = operand.Pointer,
                Transform = transform,
                Symmetric = padding == PaddingMode.Symmetric ? 1 : 0,
                XBfloat16 = Flag(x),
                Input = new KernelSize(shape[1], shape[2], shape[3]),
                Layout = operand.Layout,
                Sweep = new KernelChannelSweep(positions, channels, chunk, lanes),
            }
        );
        return operand;
    }

    /// <summary>What <see cref="WriteOperand"/> has written.</summary>
    private sealed class Operand(Scratch scratch, OperandLayout layout) : IDisposable
    {
        public nint Pointer => scratch.Pointer;

        public OperandLayout Layout => layout;

        public void Dispose() => scratch.Dispose();
    }
}
