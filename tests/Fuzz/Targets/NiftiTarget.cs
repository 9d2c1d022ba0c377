using System.Buffers.Binary;
using System.IO.Compression;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Fuzz.Targets;

/// <summary>How the bytes of a volume lie on the disk.</summary>
internal enum NiftiForm
{
    Plain,
    Gzip,

    /// <summary>A header and its image; the input is the one before the other.</summary>
    Pair,
}

/// <summary>NIfTI volumes, read and prepared for both networks. Mutations know the header's fields.</summary>
internal sealed class NiftiTarget(string name, NiftiForm form) : FuzzTarget(name)
{
    private const int HeaderBytes = 348;
    private const int ImageStart = 352;

    /// <summary>Of shorts: dim, intent, datatype, bitpix, slices and the codes of both forms.</summary>
    private static readonly int[] Shorts = [.. Enumerable.Range(0, 8).Select(i => 40 + (2 * i)), 68, 70, 72, 74, 120, 252, 254];

    /// <summary>Of floats: pixdim, vox_offset, slope, intercept, display, quaternion and rows of the matrix.</summary>
    private static readonly int[] Floats =
    [
        .. Enumerable.Range(0, 8).Select(i => 76 + (4 * i)),
        108,
        112,
        116,
        124,
        128,
        .. Enumerable.Range(0, 18).Select(i => 256 + (4 * i)),
    ];

    private static readonly int[] Others = [0, 32, 36, 38, 39, 122, 123, 344, 345, 347, 348];

    private readonly PreprocessingSettings[] preparations =
    [
        new(new SampleShape(16, 16, 3), [IntensityNormalization.Default]),
        new(new SampleShape(16, 16, 1, 4), [IntensityNormalization.ZScore], new VoxelSpacing(3, 3, 5)),
    ];

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [.. new short[] { 2, 4, 16, 512 }.Select(type => Packed(form, Volume(form, type)))];

    /// <summary>What is refused after it was read is named as a case.</summary>
    public override string FileName => "case 'case'";

    public override long Run(byte[] input, string folder)
    {
        string path = Path.Combine(
            folder,
            form switch
            {
                NiftiForm.Plain => "case.nii",
                NiftiForm.Gzip => "case.nii.gz",
                _ => "case.hdr",
            }
        );
        int header = form == NiftiForm.Pair ? Math.Min(input.Length, HeaderBytes) : input.Length;
        File.WriteAllBytes(path, input[..header]);
        if (form == NiftiForm.Pair)
            File.WriteAllBytes(Path.Combine(folder, "case.img"), input[header..]);

        LoadedCase loaded = CaseReader.ReadUnlabelled(path, new Modality("CT", 0));
        long voxels = loaded.Images[0].Voxels.LongLength * sizeof(float);
        foreach (PreprocessingSettings preparation in preparations)
            voxels += PreparedCase.Prepare(loaded, preparation, 3).Bytes;
        return 8 * voxels;
    }

    public override byte[] Mutate(byte[] input, Mutator mutator)
    {
        if (form == NiftiForm.Gzip && mutator.Happens(0.2))
            return mutator.Bytes(input);
        byte[] volume = Unpacked(form, input);
        if (mutator.Happens(0.2) || volume.Length < ImageStart)
            return Packed(form, mutator.Bytes(volume));
        for (int edits = 1 + mutator.Below(3); edits > 0; edits--)
        {
            if (mutator.Happens(0.45))
                mutator.Integer(volume.AsSpan(mutator.Of(Shorts), sizeof(short)));
            else if (mutator.Happens(0.8))
                mutator.Float(volume.AsSpan(mutator.Of(Floats), sizeof(float)));
            else
                mutator.Integer(volume.AsSpan(mutator.Of(Others), 1 << mutator.Below(3)));
        }

        return Packed(form, volume);
    }

    /// <summary>A header and 4 x 5 x 6 voxels.</summary>
    private static byte[] Volume(NiftiForm form, short type)
    {
        int size = type switch
        {
            2 => 1,
            4 or 512 => 2,
            _ => 4,
        };
        int start = form == NiftiForm.Pair ? HeaderBytes : ImageStart;
        byte[] bytes = new byte[start + (120 * size)];
        Span<byte> header = bytes;
        BinaryPrimitives.WriteInt32LittleEndian(header, HeaderBytes);
        foreach (
            (int at, short value) in new[]
            {
                (40, (short)3),
                (42, (short)4),
                (44, (short)5),
                (46, (short)6),
                (48, (short)1),
                (70, type),
                (72, (short)(8 * size)),
                (254, (short)1),
            }
        )
            BinaryPrimitives.WriteInt16LittleEndian(header[at..], value);
        foreach (
            (int at, float value) in new[]
            {
                (76, 1f),
                (80, 2f),
                (84, 2f),
                (88, 4f),
                (108, form == NiftiForm.Pair ? 0f : ImageStart),
                (112, 1f),
                (280, -2f),
                (300, 2f),
                (320, 4f),
            }
        )
            BinaryPrimitives.WriteSingleLittleEndian(header[at..], value);
        header[123] = 2;
        (form == NiftiForm.Pair ? "ni1\0"u8 : "n+1\0"u8).CopyTo(header[344..]);
        for (int i = 0; i < 120; i++)
        {
            Span<byte> voxel = header.Slice(start + (i * size), size);
            if (type == 16)
                BinaryPrimitives.WriteSingleLittleEndian(voxel, i);
            else
                voxel[0] = (byte)i;
        }

        return bytes;
    }

    private static byte[] Packed(NiftiForm form, byte[] volume)
    {
        if (form != NiftiForm.Gzip)
            return volume;
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(volume);
        return packed.ToArray();
    }

    /// <summary>The volume, or nothing where the packing is damaged.</summary>
    private static byte[] Unpacked(NiftiForm form, byte[] input)
    {
        if (form != NiftiForm.Gzip)
            return [.. input];
        try
        {
            using var volume = new MemoryStream();
            using var gzip = new GZipStream(new MemoryStream(input), CompressionMode.Decompress);
            gzip.CopyTo(volume);
            return volume.ToArray();
        }
        catch (InvalidDataException)
        {
            return [];
        }
    }
}
