using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Tests.Nifti;

/// <summary>
/// Files written by other software against the fields, hashes, affines and samples that other software read from them.
/// </summary>
public sealed class ConformanceTests
{
    [Test]
    public void EveryReadableFileGivesItsVoxelsAndAffine()
    {
        var files = Expected("ok");
        Assert.That(files, Has.Count.EqualTo(28));
        Assert.Multiple(() =>
        {
            foreach (var (path, entry) in files)
                CheckImage(path, entry);
        });
    }

    [Test]
    public void EveryHeaderHasItsFields()
    {
        foreach (var (path, entry) in Expected("ok", "header only"))
            CheckHeader(Path.GetFileName(path), NiftiFile.OpenHeader(path), entry.GetProperty("header"));
    }

    [Test]
    public void HeaderWithoutImageNamesTheMissingFile()
    {
        foreach (var (path, _) in Expected("header only"))
        {
            var error = Assert.Throws<InvalidDataException>(() => NiftiFile.Open(path));
            Assert.That(error.Message, Does.Contain(".img file is missing"), path);
        }
    }

    [Test]
    public void EveryMalformedFileIsRefusedByField()
    {
        var files = Expected("error");
        Assert.That(files, Has.Count.EqualTo(2));
        foreach (var (path, _) in files)
        {
            var error = Assert.Throws<InvalidDataException>(() => NiftiFile.Open(path));
            Assert.That(error.Message, Does.Contain(Path.GetFileName(path)).And.Contain("sizeof_hdr"));
        }
    }

    private static List<(string Path, JsonElement Entry)> Expected(params string[] kinds)
    {
        var folder = SharedData.Require("nifti");
        var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        return
        [
            .. json
                .RootElement.GetProperty("files")
                .EnumerateArray()
                .Where(entry => kinds.Contains(entry.GetProperty("expect").GetString()))
                .Select(entry => (Path.Combine(folder, entry.GetProperty("file").GetString()!), entry)),
        ];
    }

    private static void CheckImage(string path, JsonElement entry)
    {
        var file = Path.GetFileName(path);
        var image = NiftiFile.Open(path);
        Assert.That(image.Header.Shape, Is.EqualTo(Numbers(entry, "shape")), file);
        Assert.That(
            Sha256(image.StoredVoxels),
            Is.EqualTo(entry.GetProperty("raw_le_sha256").GetString()),
            $"{file}: stored voxels"
        );
        if (entry.TryGetProperty("extensions", out var extensions))
        {
            Assert.That(
                image.Extensions.Select(e => (e.StoredBytes, e.Code)),
                Is.EqualTo(
                    extensions
                        .EnumerateArray()
                        .Select(e => (e.GetProperty("esize").GetInt32(), e.GetProperty("ecode").GetInt32()))
                ),
                file
            );
        }

        if (entry.TryGetProperty("scaled_f64_le_sha256", out var hash))
            CheckValues(file, image, entry, hash.GetString()!);
        else
            Assert.That(
                Assert.Throws<InvalidDataException>(() => image.ToScaledDoubles()).Message,
                Does.Contain("datatype"),
                file
            );
        if (entry.GetProperty("nibabel") is { ValueKind: JsonValueKind.Object } nibabel)
            CheckGeometry(file, image.Geometry, nibabel);
    }

    private static void CheckValues(string file, NiftiImage image, JsonElement entry, string hash)
    {
        var values = image.ToScaledDoubles();
        Assert.That(Sha256(MemoryMarshal.AsBytes(values.AsSpan())), Is.EqualTo(hash), $"{file}: scaled voxels");
        Assert.That(image.Header.HasScaling, Is.EqualTo(entry.GetProperty("scaling_applied").GetBoolean()), file);
        Assert.That(values.Count(v => !double.IsFinite(v)), Is.EqualTo(entry.GetProperty("nonfinite").GetInt32()), file);
        foreach (var sample in entry.GetProperty("samples").EnumerateArray())
        {
            var expected = sample[1].ValueKind == JsonValueKind.Number ? sample[1].GetDouble() : double.NaN;
            Assert.That(values[sample[0].GetInt32()], Is.EqualTo(expected), $"{file}: sample {sample[0]}");
        }
    }

    private static void CheckGeometry(string file, Geometry geometry, JsonElement nibabel)
    {
        Assert.That(geometry.AxisCodes, Is.EqualTo(nibabel.GetProperty("axcodes").GetString()), file);
        var rows = nibabel.GetProperty("affine");
        for (var row = 0; row < 3; row++)
        {
            for (var column = 0; column < 4; column++)
                Assert.That(
                    geometry.Affine[row, column],
                    Is.EqualTo(rows[row][column].GetDouble()).Within(1e-6),
                    $"{file}: affine {row},{column}"
                );
        }
    }

    private static void CheckHeader(string file, NiftiHeader header, JsonElement expected)
    {
        var fields = new Dictionary<string, object>
        {
            ["version"] = header.Version,
            ["endian"] = header.BigEndian ? "big" : "little",
            ["sizeof_hdr"] = header.SizeOfHdr,
            ["dim_info"] = header.DimInfo,
            ["dim"] = header.Dim,
            ["intent_p"] = header.IntentP,
            ["intent_code"] = header.IntentCode,
            ["datatype"] = (int)header.DataType,
            ["bitpix"] = header.BitPix,
            ["slice_start"] = header.SliceStart,
            ["slice_end"] = header.SliceEnd,
            ["slice_code"] = header.SliceCode,
            ["slice_duration"] = header.SliceDuration,
            ["pixdim"] = header.PixDim,
            ["vox_offset"] = header.VoxOffset,
            ["scl_slope"] = header.SclSlope,
            ["scl_inter"] = header.SclInter,
            ["xyzt_units"] = header.XyztUnits,
            ["cal_max"] = header.CalMax,
            ["cal_min"] = header.CalMin,
            ["toffset"] = header.TOffset,
            ["descrip"] = header.Descrip,
            ["aux_file"] = header.AuxFile,
            ["qform_code"] = header.QformCode,
            ["sform_code"] = header.SformCode,
            ["quatern"] = header.Quatern,
            ["qoffset"] = header.QOffset,
            ["srow_x"] = header.SrowX,
            ["srow_y"] = header.SrowY,
            ["srow_z"] = header.SrowZ,
            ["intent_name"] = header.IntentName,
        };
        foreach (var field in expected.EnumerateObject().Where(f => f.Name is not ("magic" or "extension_flag")))
            Assert.That(Json(fields[field.Name]), Is.EqualTo(Normal(field.Value)), $"{file}: {field.Name}");
        Assert.That(header.Magic, Is.EqualTo(expected.GetProperty("magic").GetString()!.Split('\0')[0]), file);
    }

    private static string Json(object value) => value is string text ? text : Normal(JsonSerializer.SerializeToElement(value));

    // Through double, so that 352 and 352.0 are the same.
    private static string Normal(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Array => string.Join(" ", value.EnumerateArray().Select(Normal)),
            JsonValueKind.Number => value.GetDouble().ToString("R"),
            _ => value.ToString(),
        };

    private static long[] Numbers(JsonElement entry, string name) =>
        [.. entry.GetProperty(name).EnumerateArray().Select(n => n.GetInt64())];

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
