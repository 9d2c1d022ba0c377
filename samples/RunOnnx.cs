#:package Microsoft.ML.OnnxRuntime
#:project ../src/Imaging/Imaging.csproj
#:property PublishAot=false
// An exported network on slices in ONNX Runtime, without the engine:
// dotnet run samples/RunOnnx.cs model.CT.onnx volume.nii.gz labels.nii.gz [labels-to-compare.nii.gz]
// Outside this repository the first line needs a version, and Imaging reads NIfTI: any other reader will do.
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;

using var session = new InferenceSession(args[0]);
Dictionary<string, string> texts = session.ModelMetadata.CustomMetadataMap;
Volume<float> original = NiftiFile.Open(args[1]).ToFloatVolume();
int slices = int.Parse(texts["slices"], CultureInfo.InvariantCulture);
int[] size = JsonSerializer.Deserialize<int[]>(texts["size"])!;
double[] spacing = [.. texts["spacing"].Split(',').Select(side => double.Parse(side, CultureInfo.InvariantCulture))];
if (size.Length != 2 || spacing[2] != 0 || session.InputMetadata["image"].Dimensions[1] != slices)
    throw new NotSupportedException(
        "this sample is for networks on slices of one volume, at the volume's own distance of slices"
    );

// The frame of the network, its intensities, its grid: square pixels such that a slice fits, or of a given spacing.
Volume<float> volume = Orientation.Reorient(original, texts["axes"]);
Normalize(volume.Voxels, JsonSerializer.Deserialize<string[]>(texts["normalization"])![0]);
Geometry g = volume.Geometry;
double side = Math.Max(g.X * g.Spacing.X / size[1], g.Y * g.Spacing.Y / size[0]);
(double pixelX, double pixelY) = spacing[0] > 0 ? (spacing[0], spacing[1]) : (side, side);
(int height, int width) =
    spacing[0] > 0 ? (Cover(g.Y, g.Spacing.Y / pixelY, size[0]), Cover(g.X, g.Spacing.X / pixelX, size[1])) : (size[0], size[1]);
double[] rows = Places(height, g.Y, pixelY / g.Spacing.Y),
    columns = Places(width, g.X, pixelX / g.Spacing.X),
    rowsBack = Places(g.Y, height, g.Spacing.Y / pixelY),
    columnsBack = Places(g.X, width, g.Spacing.X / pixelX);
float outside = volume.Voxels.Min();
float[][] images = [.. Enumerable.Range(0, g.Z).Select(z => Resampled(volume.Slice(z)))];

// Each slice with its neighbours as channels; of the logits, brought back to the volume, the highest.
var labels = new Volume<byte>(g);
int classes = JsonSerializer.Deserialize<string[]>(texts["classes"])!.Length;
for (int z = 0; z < g.Z; z++)
{
    float[] input = [.. Enumerable.Range(z - (slices / 2), slices).SelectMany(at => images[Math.Clamp(at, 0, g.Z - 1)])];
    using var result = session.Run([
        NamedOnnxValue.CreateFromTensor("image", new DenseTensor<float>(input, [1, slices, height, width])),
    ]);
    float[] logits = result[0].AsTensor<float>().ToArray();
    for (int y = 0; y < g.Y; y++)
    {
        for (int x = 0; x < g.X; x++)
        {
            labels[x, y, z] = (byte)
                Enumerable
                    .Range(0, classes)
                    .MaxBy(label => Between(logits.AsSpan(label * height * width), height, width, rowsBack[y], columnsBack[x]));
        }
    }
}

var back = new Volume<byte>(original.Geometry, Orientation.Reorient(labels, original.Geometry.AxisCodes).Voxels);
NiftiWriter.Write(args[2], back);
foreach ((int label, string name) in JsonSerializer.Deserialize<string[]>(texts["classes"])!.Index())
    Console.WriteLine($"{name}: {back.Voxels.Count(voxel => voxel == label)} voxels");
if (args.Length > 3)
{
    byte[] others = NiftiFile.Open(args[3]).ToLabelVolume().Voxels;
    double equal = back.Voxels.Zip(others, (a, b) => a == b ? 1.0 : 0).Average();
    Console.WriteLine(FormattableString.Invariant($"agreement {equal:F4}"));
}

float[] Resampled(ReadOnlySpan<float> slice)
{
    var image = new float[height * width];
    for (int y = 0; y < height; y++)
    {
        for (int x = 0; x < width; x++)
            image[(y * width) + x] =
                rows[y] < -0.5 || rows[y] > g.Y - 0.5 || columns[x] < -0.5 || columns[x] > g.X - 0.5
                    ? outside
                    : Between(slice, g.Y, g.X, rows[y], columns[x]);
    }

    return image;
}

static float Between(ReadOnlySpan<float> plane, int height, int width, double row, double column)
{
    (int top, int left) = ((int)Math.Floor(row), (int)Math.Floor(column));
    (float down, float along) = ((float)(row - top), (float)(column - left));
    (int y0, int y1) = (Math.Clamp(top, 0, height - 1) * width, Math.Clamp(top + 1, 0, height - 1) * width);
    (int x0, int x1) = (Math.Clamp(left, 0, width - 1), Math.Clamp(left + 1, 0, width - 1));
    float upper = plane[y0 + x0] + (along * (plane[y0 + x1] - plane[y0 + x0])),
        lower = plane[y1 + x0] + (along * (plane[y1 + x1] - plane[y1 + x0]));
    return upper + (down * (lower - upper));
}

// Where each of count positions lies among others of another size, the middles of both on each other.
static double[] Places(int count, int among, double ratio) =>
    [.. Enumerable.Range(0, count).Select(i => Math.Round(((i + 0.5 - (count * 0.5)) * ratio) + (among * 0.5) - 0.5, 6))];

static int Cover(int voxels, double ratio, int least) => Math.Max(least, (int)Math.Ceiling((voxels * ratio) - 1e-3));

// window(lo,hi[,to_lo,to_hi]), zscore, percentile(l,u), unpadded_percentile(l,u); a scanner's padding is not looked for here.
static void Normalize(float[] voxels, string form)
{
    string name = form.Split('(')[0];
    double[] n =
    [
        .. form[name.Length..]
            .Trim('(', ')')
            .Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(t => double.Parse(t, CultureInfo.InvariantCulture)),
    ];
    float[] sorted = [.. voxels.Order()];
    (double low, double high) = name switch
    {
        "window" => (n[0], n[1]),
        "percentile" or "unpadded_percentile" => (Percentile(sorted, n[0]), Percentile(sorted, n[1])),
        "zscore" => (sorted[0], sorted[^1]),
        _ => throw new NotSupportedException($"this sample knows no normalization {form}"),
    };
    for (int i = 0; i < voxels.Length; i++)
        voxels[i] = Math.Clamp(voxels[i], (float)low, (float)high);
    double mean = voxels.Average(v => (double)v),
        deviation = Math.Sqrt(voxels.Average(v => (v - mean) * (v - mean)));
    (double gain, double offset) =
        name == "window"
            ? (((n.Length > 2 ? n[3] : 1) - (n.Length > 2 ? n[2] : 0)) / (high - low), n.Length > 2 ? n[2] : 0)
            : (deviation > 0 ? 1 / deviation : 0, 0);
    double zero = name == "window" ? low : mean;
    for (int i = 0; i < voxels.Length; i++)
        voxels[i] = (float)(((voxels[i] - zero) * gain) + offset);
}

static double Percentile(float[] sorted, double percent)
{
    double place = (sorted.Length - 1) * percent / 100;
    int below = (int)place;
    return sorted[below] + ((place - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
}
