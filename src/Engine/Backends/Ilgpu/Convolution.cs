using ILGPU;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void ConvolutionForward(
        ConvolutionProblem problem,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        bool accumulate = false
    ) =>
        launcher.Launch(
            ConvolutionForwardKernel,
            y.Count,
            Arguments(problem, x, w, y, bias) with
            {
                Accumulate = accumulate ? 1 : 0,
            }
        );

    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx) =>
        launcher.Launch(ConvolutionBackwardDataKernel, gx.Count, Arguments(problem, gx, w, gy, null));

    public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw) =>
        launcher.Launch(ConvolutionBackwardWeightsKernel, gw.Count, Arguments(problem, x, gw, gy, null));

    private static ConvolutionArguments Arguments(ConvolutionProblem problem, Tensor x, Tensor w, Tensor y, Tensor? bias) =>
        new()
        {
            X = x.View<T>(),
            W = w.View<T>(),
            Y = y.View<T>(),
            Bias = ViewOrEmpty(bias),
            HasBias = bias is null ? 0 : 1,
            Samples = problem.Batch,
            Channels = problem.InputChannels,
            Outputs = problem.OutputChannels,
            Symmetric = problem.Padding == PaddingMode.Symmetric ? 1 : 0,
            Input = problem.Input,
            Output = problem.Output,
            Kernel = problem.Kernel,
            Stride = problem.Stride,
            Dilation = problem.Dilation,
            Pad = problem.PadBefore,
            PadAfter = problem.PadAfter,
        };

    /// <summary>One item per output element.</summary>
    private static void ConvolutionForwardKernel(ConvolutionArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            long k = i % p.Outputs,
                position = i / p.Outputs,
                sample = position / p.Output.Count;
            KernelSize at = p.Output.At(position % p.Output.Count);
            double sum = p.HasBias != 0 ? TElement.Load(p.Bias[k]) : 0;
            if (p.Accumulate != 0)
                sum += TElement.Load(p.Y[i]);
            for (int tap = 0; tap < p.Kernel.Count; tap++)
            {
                long element = p.InputPosition(at, p.Kernel.At(tap));
                if (element < 0)
                    continue;
                long x = ((sample * p.Input.Count) + element) * p.Channels,
                    w = ((long)tap * p.Channels * p.Outputs) + k;
                for (int c = 0; c < p.Channels; c++)
                    sum += TElement.Load(p.X[x + c]) * TElement.Load(p.W[w + ((long)c * p.Outputs)]);
            }

            p.Y[i] = TElement.Store(sum);
        }
    }

    /// <summary>One item per input element: gathers over the taps, from every padded position that mirrors to it.</summary>
    private static void ConvolutionBackwardDataKernel(ConvolutionArguments p)
    {
        for (long i = Items.First; i < p.X.Length; i += Items.Stride)
        {
            long c = i % p.Channels,
                position = i / p.Channels,
                sample = position / p.Input.Count;
            KernelSize at = p.Input.At(position % p.Input.Count);
            double sum = 0;
            int images = p.Symmetric != 0 ? 27 : 1;
            for (int image = 0; image < images; image++)
            {
                KernelSize padded = p.MirrorImage(at, image);
                if (padded.Depth < 0)
                    continue;
                for (int tap = 0; tap < p.Kernel.Count; tap++)
                {
                    long output = p.OutputPosition(padded, p.Kernel.At(tap));
                    if (output < 0)
                        continue;
                    long gy = ((sample * p.Output.Count) + output) * p.Outputs,
                        w = (((long)tap * p.Channels) + c) * p.Outputs;
                    for (int k = 0; k < p.Outputs; k++)
                        sum += TElement.Load(p.Y[gy + k]) * TElement.Load(p.W[w + k]);
                }
            }

            p.X[i] = TElement.Store(sum);
        }
    }

    /// <summary>One item per weight.</summary>
    private static void ConvolutionBackwardWeightsKernel(ConvolutionArguments p)
    {
        for (long i = Items.First; i < p.W.Length; i += Items.Stride)
        {
            long k = i % p.Outputs,
                c = i / p.Outputs % p.Channels;
            KernelSize tap = p.Kernel.At(i / p.Outputs / p.Channels);
            double sum = 0;
            for (long position = 0; position < p.Samples * p.Output.Count; position++)
            {
                long element = p.InputPosition(p.Output.At(position % p.Output.Count), tap);
                if (element >= 0)
                    sum +=
                        TElement.Load(p.X[(((position / p.Output.Count * p.Input.Count) + element) * p.Channels) + c])
                        * TElement.Load(p.Y[(position * p.Outputs) + k]);
            }

            p.W[i] = TElement.Store(sum);
        }
    }

    /// <summary>X, W and Y are the operands, or their gradients.</summary>
    internal struct ConvolutionArguments
    {
        public ArrayView<T> X,
            W,
            Y,
            Bias;
        public int HasBias,
            Samples,
            Channels,
            Outputs,
            Symmetric,
            Accumulate;
        public KernelSize Input,
            Output,
            Kernel,
            Stride,
            Dilation,
            Pad,
            PadAfter;

        /// <summary>Input position under a tap, within a sample; -1 for zero padding.</summary>
        public readonly long InputPosition(KernelSize at, KernelSize tap)
        {
            int depth = (at.Depth * Stride.Depth) + (tap.Depth * Dilation.Depth) - Pad.Depth;
            int height = (at.Height * Stride.Height) + (tap.Height * Dilation.Height) - Pad.Height;
            int width = (at.Width * Stride.Width) + (tap.Width * Dilation.Width) - Pad.Width;
            if (Symmetric != 0)
            {
                depth = Mirrored(depth, Input.Depth);
                height = Mirrored(height, Input.Height);
                width = Mirrored(width, Input.Width);
            }

            return Input.Holds(depth, height, width) ? Input.Index(depth, height, width) : -1;
        }

        /// <summary>Output position that reads a padded input position through a tap, or -1.</summary>
        public readonly long OutputPosition(KernelSize padded, KernelSize tap)
        {
            int depth = padded.Depth - (tap.Depth * Dilation.Depth),
                height = padded.Height - (tap.Height * Dilation.Height),
                width = padded.Width - (tap.Width * Dilation.Width);
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
            return Output.Holds(depth, height, width) ? Output.Index(depth, height, width) : -1;
        }

        /// <summary>
        /// Image 0 is the position itself, in padded coordinates; the others its mirror images beyond the borders, of depth -1
        /// where they are not padded.
        /// </summary>
        public readonly KernelSize MirrorImage(KernelSize at, int image)
        {
            int depth = Image(at.Depth, image / 9, Input.Depth, Pad.Depth, PadAfter.Depth),
                height = Image(at.Height, image / 3 % 3, Input.Height, Pad.Height, PadAfter.Height);
            int width = Image(at.Width, image % 3, Input.Width, Pad.Width, PadAfter.Width);
            return depth < 0 || height < 0 || width < 0 ? new KernelSize(-1, 0, 0) : new KernelSize(depth, height, width);
        }

        private static int Mirrored(int i, int extent) =>
            i < 0 ? -1 - i
            : i >= extent ? (2 * extent) - 1 - i
            : i;

        private static int Image(int i, int image, int extent, int before, int after)
        {
            int padded =
                image == 0 ? before + i
                : image == 1 ? before - 1 - i
                : before + (2 * extent) - 1 - i;
            return padded < before + extent + after ? padded : -1;
        }
    }
}
