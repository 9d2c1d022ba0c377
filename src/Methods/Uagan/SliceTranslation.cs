using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary>Slices of prepared cases, and what a trained generator makes of them.</summary>
internal static class SliceTranslation
{
    /// <summary>Slices as images (slices, 1, height, width, 1).</summary>
    /// <param name="tape">Where they become known.</param>
    /// <param name="slices">Of cases on grids of one size, by number.</param>
    public static Variable Images(Tape tape, IReadOnlyList<(PreparedCase Case, int Slice)> slices)
    {
        CaseGrid grid = slices[0].Case.Grid;
        int length = grid.Height * grid.Width;
        var images = new float[slices.Count * length];
        foreach ((int i, (PreparedCase source, int slice)) in slices.Index())
            source.ReadImages(slice, 1, 1, images.AsSpan(i * length, length));
        return tape.Input(new Shape(slices.Count, 1, grid.Height, grid.Width, 1), images);
    }

    /// <summary>Both streams, all images to one modality; to an image's own, the segmentation is that of a prediction.</summary>
    /// <param name="pass">Without gradients.</param>
    /// <param name="generator">Translates.</param>
    /// <param name="images">(N, 1, height, width, 1).</param>
    /// <param name="modalities">How many there are.</param>
    /// <param name="target">Place of the modality among them.</param>
    public static (Variable Logits, Variable Translation) Translate(
        ForwardContext pass,
        TwoStreamUNet2D generator,
        Variable images,
        int modalities,
        int target
    )
    {
        var targets = ModalityIndex.Single(modalities, target, images.Shape[0]);
        return generator.Translate(pass, images, TwoStreamUNet2D.CodeOf(pass.Tape, targets, DType.Float32));
    }
}
