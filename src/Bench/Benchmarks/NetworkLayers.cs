using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>The distinct convolutions of the networks, at a configuration's sizes.</summary>
public static class NetworkLayers
{
    /// <param name="config">Network and sizes; its batch is of one modality, and both are in a layer's batch.</param>
    public static IReadOnlyList<NetworkLayer> Of(TrainingConfig config)
    {
        (int batch, int size, int f) = (MadeUpWork.Modalities * config.Training.Batch, config.Data.Size, config.Network.Channels);
        return
        [
            .. NetworkDefinition.Of(config.Network).IsVolumetric
                ? UNet3D(batch, config.Data.Depth, size, f)
                : DilatedNetwork2D(batch, size, config.Data.Slices, f),
        ];
    }

    /// <summary>
    /// FLOPs of a training step's convolutions, without taps in the padding and without the gradient of the images.
    /// </summary>
    public static double StepFlops(TrainingConfig config) =>
        Of(config).Sum(layer => (layer.ReadsImages ? 2 : 3) * layer.Count * layer.Problem.FlopsWithinImage);

    /// <summary>FLOPs of the convolutions of one sample's forward pass.</summary>
    public static double SampleFlops(TrainingConfig config) =>
        Of(config).Sum(layer => layer.Count * layer.Problem.FlopsWithinImage / layer.Problem.Batch);

    /// <summary>Of <see cref="Networks.DilatedNetwork2D"/>.</summary>
    private static IEnumerable<NetworkLayer> DilatedNetwork2D(int batch, int size, int slices, int f)
    {
        yield return Layer("g1 first", size, slices, f) with
        {
            ReadsImages = true,
        };
        yield return Layer("g1", size, f, f, count: 2);
        yield return Layer("g2 widen", size / 2, f, 2 * f);
        yield return Layer("g2", size / 2, 2 * f, 2 * f);
        yield return Layer("g3 widen", size / 4, 2 * f, 4 * f);
        yield return Layer("g3", size / 4, 4 * f, 4 * f, count: 3);
        yield return Layer("g4 widen", size / 8, 4 * f, 8 * f);
        yield return Layer("g4", size / 8, 8 * f, 8 * f, count: 3);
        yield return Layer("g5 widen", size / 8, 8 * f, 16 * f);
        yield return Layer("g5 g6", size / 8, 16 * f, 16 * f, count: 7);
        yield return Layer("g7 widen", size / 8, 16 * f, 32 * f);
        yield return Layer("g7 g9", size / 8, 32 * f, 32 * f, count: 5);
        yield return Layer("g8 dilated", size / 8, 32 * f, 32 * f, dilation: 2, count: 4);
        yield return Layer("g10", size / 8, 32 * f, 512 * MadeUpWork.Classes, padding: PaddingMode.Symmetric);
        yield return Layer("out", size, 8 * MadeUpWork.Classes, MadeUpWork.Classes, kernel: 5, padding: PaddingMode.Symmetric);

        NetworkLayer Layer(
            string name,
            int extent,
            int inputs,
            int outputs,
            int kernel = 3,
            int dilation = 1,
            PaddingMode padding = PaddingMode.Zero,
            int count = 1
        ) =>
            new(
                $"{name} {inputs}->{outputs} {kernel}x{kernel} at {extent}",
                ConvolutionProblem.Same(
                    new Shape(batch, 1, extent, extent, inputs),
                    new Shape(1, kernel, kernel, inputs, outputs),
                    dilation: Size3.Planar(dilation),
                    padding: padding
                ),
                count
            );
    }

    /// <summary>
    /// Of <see cref="Networks.UNet3D"/> as published; a concatenation is a convolution of each part, the second added to the
    /// first.
    /// </summary>
    private static IEnumerable<NetworkLayer> UNet3D(int batch, int depth, int size, int f)
    {
        Size3 cube = Size3.Cube(3),
            plane = Size3.Planar(3);
        yield return Layer("enc1_1", 0, 1, f, cube) with
        {
            ReadsImages = true,
        };
        yield return Layer("enc1_2", 0, f, 2 * f, cube);
        yield return Layer("enc2_1", 1, 2 * f, 2 * f, cube);
        yield return Layer("enc2_2", 1, 2 * f, 4 * f, cube);
        yield return Layer("enc3_1", 2, 4 * f, 4 * f, plane);
        yield return Layer("enc3_2", 2, 4 * f, 8 * f, plane);
        yield return Layer("enc4_1", 3, 8 * f, 8 * f, plane);
        yield return Layer("enc4_2", 3, 8 * f, 16 * f, plane);
        yield return Transposed("deconv3", 3, 16 * f, 8 * f, plane);
        yield return Layer("dec3_1 upsampled", 2, 8 * f, 8 * f, plane);
        yield return Layer("dec3_1 skip", 2, 8 * f, 8 * f, plane) with
        {
            Accumulates = true,
        };
        yield return Layer("dec3_2", 2, 8 * f, 8 * f, plane);
        yield return Transposed("deconv2", 2, 8 * f, 8 * f, plane);
        yield return Layer("dec2_1 upsampled", 1, 8 * f, 4 * f, cube);
        yield return Layer("dec2_1 skip", 1, 4 * f, 4 * f, cube) with
        {
            Accumulates = true,
        };
        yield return Layer("dec2_2", 1, 4 * f, 4 * f, cube);
        yield return Transposed("deconv1", 1, 4 * f, 4 * f, cube);
        yield return Layer("dec1_1 upsampled", 0, 4 * f, 2 * f, cube);
        yield return Layer("dec1_1 skip", 0, 2 * f, 2 * f, cube) with
        {
            Accumulates = true,
        };
        yield return Layer("dec1_2", 0, 2 * f, 2 * f, cube);
        yield return Layer("logits", 0, 2 * f, MadeUpWork.Classes, Size3.One);

        NetworkLayer Layer(string name, int level, int inputs, int outputs, Size3 kernel) =>
            new(
                $"{name} {inputs}->{outputs} {kernel} at {Extent(level)}",
                ConvolutionProblem.Same(
                    Images(level, inputs),
                    new Shape(kernel.Depth, kernel.Height, kernel.Width, inputs, outputs)
                )
            );

        NetworkLayer Transposed(string name, int level, int inputs, int outputs, Size3 kernel) =>
            new(
                $"{name} {inputs}->{outputs} {kernel} transposed at {Extent(level)}",
                ConvolutionProblem.Same(
                    Images(level - 1, outputs),
                    new Shape(kernel.Depth, kernel.Height, kernel.Width, outputs, inputs),
                    Size3.Cube(2)
                )
            )
            {
                IsTransposed = true,
            };

        Shape Images(int level, int channels) => new(batch, depth >> level, size >> level, size >> level, channels);

        Size3 Extent(int level) => new(depth >> level, size >> level, size >> level);
    }
}
