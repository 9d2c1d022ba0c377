using ILGPU;
using ILGPU.Algorithms;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void SoftmaxKlSum(Tensor teacher, Tensor student, double temperature, Tensor sum)
    {
        SoftmaxKlArguments p = Arguments(teacher, student, temperature);
        using Tensor partial = Scratch((p.Positions + LossChunk - 1) / LossChunk);
        (p.Partial, p.Result) = (partial.View<double>(), sum.View<T>());
        launcher.Launch(SoftmaxKlKernel, partial.Count, p);
        launcher.Launch(SoftmaxKlTotalKernel, 1, p);
    }

    public override void SoftmaxKlGradient(Tensor teacher, Tensor student, double temperature, Tensor scale, Tensor gs)
    {
        SoftmaxKlArguments p = Arguments(teacher, student, temperature);
        (p.Scale, p.Result) = (scale.View<T>(), gs.View<T>());
        launcher.Launch(SoftmaxKlGradientKernel, p.Positions, p);
    }

    private static SoftmaxKlArguments Arguments(Tensor teacher, Tensor student, double temperature) =>
        new()
        {
            Teacher = teacher.View<T>(),
            Student = student.View<T>(),
            Sharpness = 1 / temperature,
            Classes = student.Shape[^1],
            Positions = student.Count / student.Shape[^1],
        };

    /// <summary>One item per chunk of positions.</summary>
    private static void SoftmaxKlKernel(SoftmaxKlArguments p)
    {
        for (long chunk = Items.First; chunk < p.Partial.Length; chunk += Items.Stride)
        {
            double sum = 0;
            for (long position = chunk * LossChunk; position < XMath.Min((chunk + 1) * LossChunk, p.Positions); position++)
            {
                double t = p.LogSum(p.Teacher, position),
                    s = p.LogSum(p.Student, position);
                for (int k = 0; k < p.Classes; k++)
                {
                    double log = p.Logit(p.Teacher, position, k) - t;
                    sum += XMath.Exp(log) * (log - (p.Logit(p.Student, position, k) - s));
                }
            }

            p.Partial[chunk] = sum;
        }
    }

    private static void SoftmaxKlTotalKernel(SoftmaxKlArguments p)
    {
        if (Items.First > 0)
            return;
        double sum = 0;
        for (long chunk = 0; chunk < p.Partial.Length; chunk++)
            sum += p.Partial[chunk];
        p.Result[0] = TElement.Store(sum);
    }

    /// <summary>One item per position.</summary>
    private static void SoftmaxKlGradientKernel(SoftmaxKlArguments p)
    {
        for (long position = Items.First; position < p.Positions; position += Items.Stride)
        {
            double t = p.LogSum(p.Teacher, position),
                s = p.LogSum(p.Student, position),
                factor = TElement.Load(p.Scale[0]) * p.Sharpness;
            for (int k = 0; k < p.Classes; k++)
            {
                double difference =
                    XMath.Exp(p.Logit(p.Student, position, k) - s) - XMath.Exp(p.Logit(p.Teacher, position, k) - t);
                p.Result[(position * p.Classes) + k] = TElement.Store(factor * difference);
            }
        }
    }

    internal struct SoftmaxKlArguments
    {
        public ArrayView<T> Teacher,
            Student,
            Scale,
            Result;
        public ArrayView<double> Partial;
        public double Sharpness;
        public long Positions;
        public int Classes;

        public readonly double Logit(ArrayView<T> logits, long position, int k) =>
            Sharpness * TElement.Load(logits[(position * Classes) + k]);

        /// <summary>ln sum of exp of a position's logits.</summary>
        public readonly double LogSum(ArrayView<T> logits, long position)
        {
            double greatest = Logit(logits, position, 0),
                sum = 0;
            for (int k = 1; k < Classes; k++)
                greatest = XMath.Max(greatest, Logit(logits, position, k));
            for (int k = 0; k < Classes; k++)
                sum += XMath.Exp(Logit(logits, position, k) - greatest);
            return greatest + XMath.Log(sum);
        }
    }
}
