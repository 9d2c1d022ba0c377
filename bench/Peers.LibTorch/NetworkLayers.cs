using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// A convolution of a network and the shapes of what it reads: (batch, channels, positions...), two of them where it reads a
/// concatenation.
/// </summary>
internal sealed record NetworkLayer(string Name, IConvolution Convolution, params long[][] Inputs);

/// <summary>
/// The distinct convolutions of the networks by the names of <c>unpairedseg bench</c>, which reads concatenations part by part
/// and so lists them as two.
/// </summary>
internal static class NetworkLayers
{
    public static IEnumerable<NetworkLayer> Of(Options options) => options.Is3D ? UNet3D(options) : DilatedNetwork2D(options);

    private static IEnumerable<NetworkLayer> DilatedNetwork2D(Options options)
    {
        (int size, int f) = (options.Size, options.Channels);
        yield return Layer("g1", size, PeerNetwork.Slices, f);
        yield return Layer("g1", size, f, f);
        yield return Layer("g2", size / 2, f, 2 * f);
        yield return Layer("g2", size / 2, 2 * f, 2 * f);
        yield return Layer("g3", size / 4, 2 * f, 4 * f);
        yield return Layer("g3", size / 4, 4 * f, 4 * f);
        yield return Layer("g4", size / 8, 4 * f, 8 * f);
        yield return Layer("g4", size / 8, 8 * f, 8 * f);
        yield return Layer("g5", size / 8, 8 * f, 16 * f);
        yield return Layer("g5 g6", size / 8, 16 * f, 16 * f);
        yield return Layer("g7", size / 8, 16 * f, 32 * f);
        yield return Layer("g7 g9", size / 8, 32 * f, 32 * f);
        yield return Layer("g8 dilated 2x2", size / 8, 32 * f, 32 * f, dilation: 2);
        yield return Layer("g10", size / 8, 32 * f, 512 * PeerNetwork.Classes, isMirrored: true);
        yield return Layer("out", size, 8 * PeerNetwork.Classes, PeerNetwork.Classes, taps: 5, isMirrored: true);

        NetworkLayer Layer(
            string name,
            int extent,
            int inputs,
            int outputs,
            int taps = 3,
            int dilation = 1,
            bool isMirrored = false
        ) =>
            new(
                $"{name} {inputs}->{outputs} {taps}x{taps} at {extent}",
                new Convolution(Kernel(options, outputs, inputs, taps, taps), Dilation: dilation, IsMirrored: isMirrored),
                [options.Batch, inputs, extent, extent]
            );
    }

    private static IEnumerable<NetworkLayer> UNet3D(Options options)
    {
        int f = options.Channels;
        yield return Layer("enc1_1", 0, f, 1);
        yield return Layer("enc1_2", 0, 2 * f, f);
        yield return Layer("enc2_1", 1, 2 * f, 2 * f);
        yield return Layer("enc2_2", 1, 4 * f, 2 * f);
        yield return Layer("enc3_1", 2, 4 * f, 4 * f);
        yield return Layer("enc3_2", 2, 8 * f, 4 * f);
        yield return Layer("enc4_1", 3, 8 * f, 8 * f);
        yield return Layer("enc4_2", 3, 16 * f, 8 * f);
        yield return Transposed("deconv3", 3, 16 * f, 8 * f);
        yield return Layer("dec3_1", 2, 8 * f, 8 * f, 8 * f);
        yield return Layer("dec3_2", 2, 8 * f, 8 * f);
        yield return Transposed("deconv2", 2, 8 * f, 8 * f);
        yield return Layer("dec2_1", 1, 4 * f, 8 * f, 4 * f);
        yield return Layer("dec2_2", 1, 4 * f, 4 * f);
        yield return Transposed("deconv1", 1, 4 * f, 4 * f);
        yield return Layer("dec1_1", 0, 2 * f, 4 * f, 2 * f);
        yield return Layer("dec1_2", 0, 2 * f, 2 * f);
        yield return new NetworkLayer(
            $"logits {2 * f}->{PeerNetwork.Classes} 1x1x1 at {Extent(0)}",
            new Convolution(Kernel(options, PeerNetwork.Classes, 2 * f, 1, 1, 1)),
            Images(0, 2 * f)
        );

        NetworkLayer Layer(string name, int level, int outputs, params int[] inputs) =>
            new(
                $"{name} {string.Join('+', inputs)}->{outputs} {Taps(level)} at {Extent(level)}",
                new Convolution(Kernel(options, outputs, inputs.Sum(), Peers.UNet3D.DepthTaps(level), 3, 3)),
                [.. inputs.Select(channels => Images(level, channels))]
            );

        NetworkLayer Transposed(string name, int level, int inputs, int outputs) =>
            new(
                $"{name} {inputs}->{outputs} {Taps(level)} transposed at {Extent(level)}",
                new TransposedConvolution(Kernel(options, inputs, outputs, Peers.UNet3D.DepthTaps(level), 3, 3)),
                Images(level, inputs)
            );

        long[] Images(int level, int channels) =>
            [options.Batch, channels, options.Depth >> level, options.Size >> level, options.Size >> level];

        string Extent(int level) => $"{options.Depth >> level}x{options.Size >> level}x{options.Size >> level}";

        static string Taps(int level) => $"{Peers.UNet3D.DepthTaps(level)}x3x3";
    }

    private static Parameter Kernel(Options options, params long[] shape) => new(options.Layout.Arrange(rand(shape) - 0.5));
}
