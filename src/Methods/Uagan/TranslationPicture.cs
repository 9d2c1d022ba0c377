using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Pictures;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary>
/// Slices as the network sees them. A row is a case: the slice, its translations to every modality, its own among them, the
/// labels and the segmentation.
/// </summary>
internal static class TranslationPicture
{
    private const int CasesOfModality = 2,
        PanelWidth = 192;

    /// <summary>Draws the slice with the most classes of the first cases of each modality.</summary>
    /// <param name="path">Of the PNG file.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="generator">Translates and segments.</param>
    /// <param name="model">Names of modalities and classes.</param>
    /// <param name="cases">With labels, on grids of one size.</param>
    public static void Write(
        string path,
        Backend backend,
        TwoStreamUNet2D generator,
        ModelDescription model,
        IReadOnlyList<PreparedCase> cases
    ) =>
        OverlayPicture.Write(
            path,
            [
                .. from modality in Enumerable.Range(0, model.Modalities.Count)
                from shown in cases.Where(source => source.Modality.Index == modality).Take(CasesOfModality)
                select Row(backend, generator, model, shown),
            ],
            [.. model.Classes.Skip(1)],
            PanelWidth
        );

    private static OverlayRow Row(Backend backend, TwoStreamUNet2D generator, ModelDescription model, PreparedCase shown)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        var pass = new ForwardContext(new Tape(backend, recording: false));
        int slice = FullestSlice(shown),
            modalities = model.Modalities.Count;
        Variable image = SliceTranslation.Images(pass.Tape, [(shown, slice)]);
        (Variable Logits, Variable Translation)[] translated =
        [
            .. Enumerable
                .Range(0, modalities)
                .Select(target => SliceTranslation.Translate(pass, generator, image, modalities, target)),
        ];
        CaseGrid grid = shown.Grid;
        (double x, double y, double z) = (grid.Spacing.X, grid.Spacing.Y, grid.Spacing.Z);
        var flat = new Geometry(grid.Width, grid.Height, 1, Affine.Diagonal(new Vector3d(-x, y, z), new Vector3d(0, 0, 0)));
        float[] logits = translated[shown.Modality.Index].Logits.Value.ToArray<float>();
        return new OverlayRow(
            $"{shown.Id}, slice {slice}",
            Volume(image),
            new Volume<byte>(flat, [.. shown.LabelsOf(slice).ToArray().Select(WithoutIgnored)]),
            new Volume<byte>(flat, [.. logits.Chunk(model.Classes.Count).Select(Best)])
        )
        {
            Others = [.. model.Modalities.Zip(translated, (name, made) => ($"as {name}", Volume(made.Translation)))],
        };

        Volume<float> Volume(Variable slices) => new(flat, slices.Value.ToArray<float>());
        byte WithoutIgnored(byte label) => label < model.Classes.Count ? label : LabelValue.Background;
        static byte Best(float[] pixel) => (byte)Array.IndexOf(pixel, pixel.Max());
    }

    private static int FullestSlice(PreparedCase shown) =>
        Enumerable
            .Range(0, shown.SliceCount)
            .MaxBy(slice =>
            {
                IReadOnlyList<int> counts = shown.ClassHistograms[slice];
                return (counts.Skip(1).Count(pixels => pixels > 0), counts.Skip(1).Sum());
            });
}
