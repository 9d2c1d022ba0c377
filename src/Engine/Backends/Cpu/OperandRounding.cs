using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    /// <summary>
    /// An operand of a convolution's products as tensor cores take it: rounded to bfloat16. Null where operands are taken as they
    /// are.
    /// </summary>
    private Tensor? Rounded(Tensor operand)
    {
        if (!roundsOperands)
            return null;
        Tensor rounded = Tensor.Allocate(Device, operand.Shape, operand.DType).Detach();
        float* source = operand.HostPointer<float>(),
            target = rounded.HostPointer<float>();
        ForRanges(
            operand.Count,
            StreamingGrain,
            (from, to, _) =>
            {
                for (long i = from; i < to; i++)
                    target[i] = BFloat16Bits.ToSingle(BFloat16Bits.FromSingle(source[i]));
            }
        );
        return rounded;
    }
}
