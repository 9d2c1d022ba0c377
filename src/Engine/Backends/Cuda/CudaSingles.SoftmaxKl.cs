using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    /// <summary>Positions per block of the sum.</summary>
    private const int SoftmaxKlChunk = 1024;

    private const string SoftmaxKlFile = "softmax_kl/softmax_kl";

    public override void SoftmaxKlSum(Tensor teacher, Tensor student, double temperature, Tensor sum)
    {
        SoftmaxKlParameters parameters = Parameters(teacher, student, temperature);
        int chunks = checked((int)((parameters.Positions + SoftmaxKlChunk - 1) / SoftmaxKlChunk));
        using Scratch partial = Rent((long)chunks * sizeof(double));
        parameters.Partial = partial.Pointer;
        kernels.Launch(SoftmaxKlFile, "softmax_kl_sum", new LaunchGeometry(chunks, LossThreads), parameters);
        kernels.Launch(
            SumFile,
            "sum_combine",
            new LaunchGeometry(1, SumThreads),
            new SumParameters
            {
                Partial = partial.Pointer,
                Y = sum.Pointer,
                Sums = 1,
                Reduced = chunks,
                Inner = 1,
                Chunk = 1,
                Chunks = chunks,
                Lanes = 1,
            }
        );
    }

    public override void SoftmaxKlGradient(Tensor teacher, Tensor student, double temperature, Tensor scale, Tensor gs)
    {
        SoftmaxKlParameters parameters = Parameters(teacher, student, temperature);
        (parameters.Scale, parameters.Gradient) = (scale.Pointer, gs.Pointer);
        kernels.LaunchElementwise(SoftmaxKlFile, "softmax_kl_gradient", parameters.Positions, parameters);
    }

    private static SoftmaxKlParameters Parameters(Tensor teacher, Tensor student, double temperature) =>
        new()
        {
            Teacher = teacher.Pointer,
            Student = student.Pointer,
            Positions = student.Count / student.Shape[^1],
            Classes = student.Shape[^1],
            Chunk = SoftmaxKlChunk,
            Sharpness = (float)(1 / temperature),
        };

    /// <summary>kernels/softmax_kl/parameters.cuh: SoftmaxKl.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SoftmaxKlParameters
    {
        public nint Teacher,
            Student,
            Scale,
            Partial,
            Gradient;
        public long Positions;
        public int Classes,
            Chunk;
        public float Sharpness;
    }
}
