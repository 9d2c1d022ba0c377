using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Holds the parts of the peer that are easily got wrong against values worked out elsewhere.</summary>
internal static class Check
{
    private const int Classes = 3,
        Positions = 6;

    /// <exception cref="InvalidOperationException">A value differs.</exception>
    public static void Run()
    {
        using var scope = NewDisposeScope();
        foreach (string network in new[] { "dilated2d", "unet3d" })
            Console.WriteLine(
                $"{network}: {PeerNetwork.Of(new CheckOptions { Network = network, Channels = 16 }).Parameters.Count} parameters"
            );
        Count("resnet20", 269_722, new ResNet(Contiguous(), depth: 20, width: 16, inputs: 3, classes: 10).Parameters);
        Count(
            "uagan's generator",
            60_442_755,
            new TwoStreamUNet(Contiguous(), features: 64, modalities: 3, classes: 2).Parameters
        );
        Count(
            "uagan's discriminator",
            44_743_616,
            new Discriminator(Contiguous(), size: 128, modalities: 3, channels: 64, depth: 6).Parameters
        );
        CheckLosses();
        CheckTransposed();
        CheckMirror();
        Console.WriteLine("losses, transposed convolution and mirrored borders agree with their reference values");
    }

    private static PeerParameters Contiguous() => new(Layout.Contiguous);

    private static void Count(string network, long published, PeerParameters parameters)
    {
        if (parameters.Count != published)
            throw new InvalidOperationException($"{network} has {parameters.Count} parameters and not {published}");
        Console.WriteLine($"{network}: {parameters.Count} parameters");
    }

    /// <summary>
    /// Values in double precision from the finite-difference-checked formulas of the method; class 2 is absent in b.
    /// </summary>
    private static void CheckLosses()
    {
        ModalityResult a = Result(0.1, [0, 0, 1, 1, 2, 0]),
            b = Result(1.0, [0, 1, 1, 0, 0, 0]);
        Tensor pa = nn.functional.softmax(a.Logits, 1),
            pb = nn.functional.softmax(b.Logits, 1);
        Require("Dice loss a", Losses.Dice(a, pa), -0.44910337236976067);
        Require("Dice loss b", Losses.Dice(b, pb), -0.2314143656832263);
        Require("cross-entropy a", Losses.CrossEntropy(a, pa), 0.811143932542564);
        Require("cross-entropy b", Losses.CrossEntropy(b, pb), 0.7206431176060257);
        Require("distillation", Losses.Distillation(a, b), (0.0010476276 + 0.0053994924) / 2);

        static ModalityResult Result(double phase, int[] labels)
        {
            double[] logits = new double[Classes * Positions],
                truth = new double[Classes * Positions];
            for (int k = 0; k < Classes; k++)
            {
                for (int i = 0; i < Positions; i++)
                {
                    logits[(k * Positions) + i] = 2 * Math.Sin((1.3 * i) + (0.7 * k) + phase);
                    truth[(k * Positions) + i] = labels[i] == k ? 1 : 0;
                }
            }

            return new ModalityResult(
                tensor(logits, dimensions: [1, Classes, 1, Positions]),
                tensor(truth, dimensions: [1, Classes, 1, Positions])
            );
        }
    }

    /// <summary>
    /// Row [1, 2, 3] by taps [1, 10, 100]; along the depth, a kernel of one tap leaves a zero slice behind each.
    /// </summary>
    private static void CheckTransposed()
    {
        float[] taps = [0, 0, 0, 1, 10, 100, 0, 0, 0];
        using var weight = new Parameter(tensor(taps, dimensions: [1, 1, 1, 3, 3]));
        Tensor x = tensor(new float[] { 1, 2, 3 }, dimensions: [1, 1, 1, 1, 3]);
        Tensor y = new TransposedConvolution(weight).Forward(x);
        RequireRow("transposed convolution", y.narrow(2, 0, 1).narrow(3, 1, 1), [1, 10, 102, 20, 203, 30]);
        RequireRow("its empty slice", y.narrow(2, 1, 1).narrow(3, 1, 1), [0, 0, 0, 0, 0, 0]);
    }

    private static void CheckMirror()
    {
        Tensor x = tensor(new float[] { 1, 2, 3, 4, 5, 6 }, dimensions: [1, 1, 2, 3]);
        RequireRow("border of one", MirrorPadding.Apply(x, 1).narrow(2, 0, 1), [1, 1, 2, 3, 3]);
        RequireRow("border of two", MirrorPadding.Apply(x, 2).narrow(2, 0, 1), [5, 4, 4, 5, 6, 6, 5]);
    }

    private static void RequireRow(string what, Tensor found, float[] expected)
    {
        float[] values = [.. found.contiguous().data<float>()];
        if (!values.SequenceEqual(expected))
            throw new InvalidOperationException($"{what}: [{string.Join(", ", values)}] and not [{string.Join(", ", expected)}]");
    }

    private static void Require(string what, Tensor found, double expected)
    {
        double value = found.item<double>();
        if (Math.Abs(value - expected) > 1e-9)
            throw new InvalidOperationException($"{what} is {value} and not {expected}");
    }
}
