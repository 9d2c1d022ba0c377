using ILGPU;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice) =>
        launcher.Launch(MaxPoolKernel, y.Count, Pooling(problem, x, y, choice));

    public override void MaxPoolBackward(PoolingProblem problem, Tensor gy, Tensor choice, Tensor gx) =>
        launcher.Launch(MaxPoolBackwardKernel, gx.Count, Pooling(problem, gx, gy, choice));

    public override void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y) =>
        launcher.Launch(AveragePoolKernel, y.Count, Pooling(problem, x, y, null));

    public override void AveragePoolBackward(PoolingProblem problem, Tensor gy, Tensor gx) =>
        launcher.Launch(AveragePoolBackwardKernel, gx.Count, Pooling(problem, gx, gy, null));

    private static PoolingArguments Pooling(PoolingProblem problem, Tensor x, Tensor y, Tensor? choice) =>
        new()
        {
            X = x.View<T>(),
            Y = y.View<T>(),
            Choice = choice is null ? default : choice.View<byte>(),
            Channels = problem.Channels,
            Input = problem.Input,
            Output = problem.Output,
            Window = problem.Window,
            Stride = problem.Stride,
            Pad = problem.PadBefore,
        };

    private static void MaxPoolKernel(PoolingArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            long position = i / p.Channels,
                sample = position / p.Output.Count;
            KernelSize at = p.Output.At(position % p.Output.Count);
            double best = 0;
            int chosen = -1;
            for (int tap = 0; tap < p.Window.Count; tap++)
            {
                long element = p.InputElement(sample, at, tap);
                if (element < 0)
                    continue;
                double value = TElement.Load(p.X[(element * p.Channels) + (i % p.Channels)]);
                if (chosen >= 0 && !(value > best))
                    continue;
                best = value;
                chosen = tap;
            }

            p.Y[i] = TElement.Store(best);
            p.Choice[i] = (byte)chosen;
        }
    }

    private static void AveragePoolKernel(PoolingArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            long position = i / p.Channels,
                sample = position / p.Output.Count;
            KernelSize at = p.Output.At(position % p.Output.Count);
            double sum = 0;
            for (int tap = 0; tap < p.Window.Count; tap++)
            {
                long element = p.InputElement(sample, at, tap);
                if (element >= 0)
                    sum += TElement.Load(p.X[(element * p.Channels) + (i % p.Channels)]);
            }

            p.Y[i] = TElement.Store(sum / p.ElementsUnder(at));
        }
    }

    /// <summary>
    /// Gathers, so that the order of additions is fixed: each input element looks at the windows in which it is some tap.
    /// </summary>
    private static void MaxPoolBackwardKernel(PoolingArguments p)
    {
        for (long i = Items.First; i < p.X.Length; i += Items.Stride)
        {
            double sum = 0;
            for (int tap = (int)p.Window.Count - 1; tap >= 0; tap--)
            {
                long output = p.WindowWith(i / p.Channels, tap);
                if (output >= 0 && p.Choice[(output * p.Channels) + (i % p.Channels)] == tap)
                    sum += TElement.Load(p.Y[(output * p.Channels) + (i % p.Channels)]);
            }

            p.X[i] = TElement.Store(sum);
        }
    }

    private static void AveragePoolBackwardKernel(PoolingArguments p)
    {
        for (long i = Items.First; i < p.X.Length; i += Items.Stride)
        {
            double sum = 0;
            for (int tap = (int)p.Window.Count - 1; tap >= 0; tap--)
            {
                long output = p.WindowWith(i / p.Channels, tap);
                if (output >= 0)
                    sum +=
                        TElement.Load(p.Y[(output * p.Channels) + (i % p.Channels)])
                        / p.ElementsUnder(p.Output.At(output % p.Output.Count));
            }

            p.X[i] = TElement.Store(sum);
        }
    }

    /// <summary>X and Y are the image and the pooled image, or their gradients.</summary>
    internal struct PoolingArguments
    {
        public ArrayView<T> X,
            Y;
        public ArrayView<byte> Choice;
        public int Channels;
        public KernelSize Input,
            Output,
            Window,
            Stride,
            Pad;

        /// <summary>Position in X of a window's tap, or -1 outside the image.</summary>
        public readonly long InputElement(long sample, KernelSize at, int tap)
        {
            KernelSize t = Window.At(tap);
            int depth = (at.Depth * Stride.Depth) - Pad.Depth + t.Depth,
                height = (at.Height * Stride.Height) - Pad.Height + t.Height,
                width = (at.Width * Stride.Width) - Pad.Width + t.Width;
            return Input.Holds(depth, height, width) ? (sample * Input.Count) + Input.Index(depth, height, width) : -1;
        }

        /// <summary>Position in Y of the window in which a position of X is the given tap, or -1 if there is none.</summary>
        public readonly long WindowWith(long position, int tap)
        {
            KernelSize at = Input.At(position % Input.Count),
                t = Window.At(tap);
            int depth = at.Depth + Pad.Depth - t.Depth,
                height = at.Height + Pad.Height - t.Height,
                width = at.Width + Pad.Width - t.Width;
            if (
                depth < 0
                || height < 0
                || width < 0
                || depth % Stride.Depth != 0
                || height % Stride.Height != 0
                || width % Stride.Width != 0
            )
                return -1;
            depth /= Stride.Depth;
            height /= Stride.Height;
            width /= Stride.Width;
            return Output.Holds(depth, height, width)
                ? (position / Input.Count * Output.Count) + Output.Index(depth, height, width)
                : -1;
        }

        public readonly int ElementsUnder(KernelSize at) =>
            Inside(at.Depth, Stride.Depth, Pad.Depth, Window.Depth, Input.Depth)
            * Inside(at.Height, Stride.Height, Pad.Height, Window.Height, Input.Height)
            * Inside(at.Width, Stride.Width, Pad.Width, Window.Width, Input.Width);

        private static int Inside(int output, int stride, int pad, int window, int input)
        {
            int from = (output * stride) - pad,
                to = from + window;
            return (to < input ? to : input) - (from > 0 ? from : 0);
        }
    }
}
