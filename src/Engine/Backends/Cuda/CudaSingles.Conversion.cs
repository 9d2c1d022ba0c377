using System.Runtime.InteropServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    /// <summary>Kernels that <see cref="CudaBackend"/> has for storage, too.</summary>
    internal const string ConversionFile = "elementwise/conversion";

    public override void Convert(Tensor x, Tensor y)
    {
        string kernel = (x.DType, y.DType) switch
        {
            (DType.Float32, DType.Float64) => "convert_float32_to_float64",
            (DType.Float64, DType.Float32) => "convert_float64_to_float32",
            (DType.Float32, DType.BFloat16) => "convert_float32_to_bfloat16",
            (DType.BFloat16, DType.Float32) => "convert_bfloat16_to_float32",
            _ => throw new ArgumentException($"no conversion from {x.DType} to {y.DType}"),
        };
        kernels.LaunchElementwise(
            ConversionFile,
            kernel,
            y.Count,
            new ConvertParameters
            {
                X = x.Pointer,
                Y = y.Pointer,
                Count = y.Count,
            }
        );
    }

    /// <summary>kernels/elementwise/parameters.cuh: ConvertParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ConvertParameters
    {
        public nint X,
            Y;
        public long Count;
    }

    /// <summary>StorageFillParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct StorageFillParameters
    {
        public nint Y;
        public long Count;
        public uint Bits;
    }
}
