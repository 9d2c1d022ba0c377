using System.Text;
using UnpairedSegEngine.Imaging.Formats;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Fuzz.Targets;

/// <summary>Volumes whose header is text before the voxels: NRRD and MetaImage. Most mutations change the text.</summary>
/// <param name="name">For the command line.</param>
/// <param name="ending">Of the file.</param>
/// <param name="seeds">Headers, and the voxels behind them.</param>
internal sealed class VolumeFormatTarget(string name, string ending, IReadOnlyList<(string Header, byte[] Voxels)> seeds)
    : FuzzTarget(name)
{
    private static readonly string[] HeaderEnds = ["\n\n", "LOCAL\n"];

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [.. seeds.Select(seed => (byte[])[.. Encoding.Latin1.GetBytes(seed.Header), .. seed.Voxels])];

    public override long Run(byte[] input, string folder)
    {
        string path = Path.Combine(folder, "case" + ending);
        File.WriteAllBytes(path, input);
        NiftiImage image = VolumeFile.Open(path);
        return image.StoredVoxels.LongLength + (sizeof(float) * image.ToFloatVolume().Voxels.LongLength);
    }

    public override byte[] Mutate(byte[] input, Mutator mutator)
    {
        int end = EndOfHeader(input);
        return end == 0 || mutator.Happens(0.3)
            ? mutator.Bytes(input)
            : [.. mutator.Text(input[..end]), .. mutator.Happens(0.8) ? input[end..] : mutator.Bytes(input[end..])];
    }

    private static int EndOfHeader(byte[] input)
    {
        string text = Encoding.Latin1.GetString(input);
        return HeaderEnds
            .Select(end => (At: text.IndexOf(end, StringComparison.Ordinal), end.Length))
            .Where(found => found.At >= 0)
            .Select(found => found.At + found.Length)
            .DefaultIfEmpty()
            .Min();
    }
}
