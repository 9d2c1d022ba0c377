using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>The shapes that every backend's convolutions are held against.</summary>
internal static class ConvolutionCases
{
    private static readonly int[] Extents = [1, 2, 3, 5, 7, 9, 13, 16, 17, 33];
    private static readonly int[] ChannelCounts = [1, 2, 3, 5, 8, 12, 16, 17, 24, 31, 32, 33, 40, 65];

    /// <summary>Shapes picked by hand: network layers in small, and the awkward ones.</summary>
    public static IEnumerable<ConvolutionProblem> Named()
    {
        yield return Same((1, 1, 1, 1), 1, 1, (1, 1, 1));
        yield return Same((1, 1, 1, 1), 3, 16, (1, 3, 3));
        yield return Same((2, 1, 1, 1), 7, 5, (1, 5, 5), padding: PaddingMode.Zero);
        yield return Same((2, 1, 9, 11), 3, 16, (1, 3, 3));
        yield return Same((1, 1, 9, 32), 64, 64, (1, 3, 3));
        yield return Same((1, 1, 12, 12), 64, 96, (1, 3, 3), dilation: 2);
        yield return Same((2, 1, 7, 40), 40, 5, (1, 5, 5), padding: PaddingMode.Symmetric);
        yield return Same((1, 1, 8, 8), 24, 320, (1, 3, 3), padding: PaddingMode.Symmetric);
        yield return Same((1, 1, 20, 70), 16, 16, (1, 3, 3));
        yield return Same((1, 1, 24, 24), 16, 24, (1, 3, 3));
        yield return Same((1, 4, 10, 9), 6, 10, (3, 3, 3));
        yield return Same((1, 4, 10, 9), 10, 6, (1, 3, 3));
        yield return Same((1, 4, 10, 18), 33, 5, (1, 1, 1));
        yield return Same((1, 4, 6, 8), 12, 20, (3, 3, 3), stride: 2);
        yield return Same((2, 2, 6, 8), 5, 7, (1, 3, 3), stride: 2);
        yield return Same((1, 1, 6, 7), 4, 4, (1, 1, 1), stride: 3);
        yield return Same((1, 1, 3, 3), 4, 4, (1, 3, 3), dilation: 3);
        yield return Same((1, 1, 6, 5), 300, 40, (1, 3, 3));
        yield return Same((2, 1, 5, 7), 130, 70, (1, 3, 3), padding: PaddingMode.Symmetric);
        yield return Same((1, 1, 7, 6), 97, 33, (1, 3, 3), dilation: 2);
        yield return Same((1, 2, 5, 6), 72, 9, (3, 3, 3), stride: 2);
        yield return Same((2, 1, 17, 16), 64, 72, (1, 3, 3), dilation: 2);
        yield return Same((1, 1, 24, 24), 40, 40, (1, 3, 3), padding: PaddingMode.Symmetric);
        yield return Same((1, 4, 10, 8), 40, 64, (3, 3, 3));
    }

    /// <summary>Maps of a few pixels under many weights, which the processor takes in a way of their own.</summary>
    public static IEnumerable<ConvolutionProblem> SmallMaps()
    {
        yield return Same((2, 1, 7, 9), 20, 200, (1, 4, 4), stride: 2);
        yield return Same((1, 2, 4, 5), 70, 150, (3, 3, 3), stride: 2);
        yield return Same((2, 1, 3, 4), 140, 130, (1, 3, 3), padding: PaddingMode.Symmetric);
        yield return Same((1, 1, 8, 8), 96, 128, (1, 3, 3));
    }

    /// <summary>Random shapes, the same on every run.</summary>
    public static IEnumerable<ConvolutionProblem> Drawn(int count)
    {
        var random = new System.Random(20201);
        while (count > 0)
        {
            bool volume = random.Next(4) == 0;
            int Pick(int[] from) => from[random.Next(from.Length)];
            int largest = volume ? 5 : Extents.Length;
            var kernel = new Size3(volume ? 1 + random.Next(3) : 1, 1 + random.Next(5), 1 + random.Next(5));
            var problem = new ConvolutionProblem
            {
                Batch = 1 + random.Next(3),
                Input = new Size3(volume ? 1 + random.Next(5) : 1, Extents[random.Next(largest)], Extents[random.Next(largest)]),
                InputChannels = Pick(ChannelCounts),
                OutputChannels = Pick(ChannelCounts),
                Kernel = kernel,
                Stride = random.Next(3) == 0 ? new Size3(1 + random.Next(2), 1 + random.Next(3), 1 + random.Next(3)) : Size3.One,
                Dilation =
                    random.Next(3) == 0 ? new Size3(1 + random.Next(2), 1 + random.Next(3), 1 + random.Next(3)) : Size3.One,
                PadBefore = new Size3(volume ? random.Next(2) : 0, random.Next(4), random.Next(4)),
                PadAfter = new Size3(volume ? random.Next(2) : 0, random.Next(4), random.Next(4)),
                Padding = random.Next(3) == 0 ? PaddingMode.Symmetric : PaddingMode.Zero,
            };
            if (problem.Flops > 2e6 || !IsValid(problem))
                continue;
            count--;
            yield return problem;
        }
    }

    private static bool IsValid(ConvolutionProblem problem)
    {
        try
        {
            problem.Validate();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static ConvolutionProblem Same(
        (int N, int D, int H, int W) x,
        int channels,
        int outputs,
        (int D, int H, int W) kernel,
        int stride = 1,
        int dilation = 1,
        PaddingMode padding = PaddingMode.Zero
    ) =>
        ConvolutionProblem
            .Same(
                new Shape(x.N, x.D, x.H, x.W, channels),
                new Shape(kernel.D, kernel.H, kernel.W, channels, outputs),
                new Size3(x.D > 1 ? stride : 1, stride, stride),
                Size3.Planar(dilation),
                padding
            )
            .Validate();
}
