using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Fuzz.Targets;

/// <summary>All parsers of what comes from elsewhere.</summary>
internal static class Targets
{
    private const string Manifest =
        """{"name":"x","channel_names":{"0":"CT or MR"},"labels":{"background":0,"liver":1,"spleen":2},"numTraining":4,"file_ending":".nii.gz","domains":{"CT":["ct_*"],"MR":["mr_*"]}}""";
    private const string ManifestOfChannels =
        """{"name":"x","channel_names":{"0":"T1","1":"T2"},"labels":{"background":0,"lesion":1},"numTraining":4,"file_ending":".nii.gz"}""";
    private const string Record =
        """{"spacing":[3,3,5],"axes":"LAS","cases":{"ct_00":{"shape":[4,5,6],"affine":[1,0,0,0,1,0,0,0,2,5,6,7]},"mr_00":{"shape":[4,5,6],"affine":[1,0,0,0,1,0,0,0,2,5,6,7]}}}""";

    private const string Config = """
        training:
          steps: 5
          batch: 2
        data:
          normalization:
            CT: window(-160,240)
            MR: percentile(0.5,99.5)
          spacing: 3,3,5
        network: {name: unet3d, kernels: 3x3x3 3x3x1, pools: 2x2x2}

        """;

    private static readonly (string, byte[])[] Nrrd =
    [
        (
            "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 3 2 2\n"
                + "space directions: (0.5,0,0) (0,0.5,0) (0,0,3)\nkinds: domain domain domain\nendian: big\nencoding: raw\n"
                + "space origin: (10,20,-30)\n\n",
            new byte[24]
        ),
        (
            "NRRD0005\n# x\ntype: unsigned char\ndimension: 4\nspace: RAS\nsizes: 1 3 2 2\n"
                + "space directions: none (0.5,0,0) (0,0.5,0) (0,0,3)\nspace units: \"mm\" \"mm\" \"mm\"\nencoding: gzip\n"
                + "line skip: 0\nbyte skip: 0\nkey:=value\n\n",
            Gzip(new byte[12])
        ),
        (
            "NRRD0001\ntype: float\ndimension: 3\nsizes: 3 1 2\nspacings: 1 2 3\nencoding: ascii\n\n",
            "1 2.5 -3 4e2 5 6\n"u8.ToArray()
        ),
    ];

    private static readonly (string, byte[])[] MetaImage =
    [
        (
            "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = True\nCompressedData = False\n"
                + "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 10 20 -30\nElementSpacing = 0.5 0.5 3\nDimSize = 3 2 2\n"
                + "HeaderSize = -1\nElementType = MET_SHORT\nElementDataFile = LOCAL\n",
            new byte[24]
        ),
        (
            "NDims = 3\nCompressedData = True\nCompressedDataSize = 30\nDimSize = 3 2 2\nElementType = MET_UCHAR\n"
                + "ElementDataFile = LOCAL\n",
            Gzip(new byte[12])
        ),
        (
            "NDims = 3\nBinaryData = False\nDimSize = 1 2 2\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n",
            "1 2 3.5 4"u8.ToArray()
        ),
    ];

    private static readonly string[] CaseNames = ["ct_00", "ct_01", "mr_00", "mr_01"];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new NiftiTarget("nifti", NiftiForm.Plain),
        new NiftiTarget("nifti-gz", NiftiForm.Gzip),
        new NiftiTarget("nifti-pair", NiftiForm.Pair),
        new VolumeFormatTarget("nrrd", ".nrrd", Nrrd),
        new VolumeFormatTarget("mha", ".mha", MetaImage),
        new PngTarget(),
        new SafetensorsTarget(),
        new TfRecordTarget(),
        new PackageTarget(),
        new TextTarget("dataset", "dataset.json", [Manifest], folder => SegmentationDataset.Open(folder).Cases.Count)
        {
            Beside = WriteCases,
        },
        new TextTarget(
            "channels",
            "dataset.json",
            [ManifestOfChannels],
            folder => SegmentationDataset.Open(folder).Cases.Sum(c => c.Images.Count)
        )
        {
            Beside = WriteCasesOfTwoChannels,
        },
        new TextTarget(
            "splits",
            "splits_final.json",
            ["""[{"train":["ct_00","mr_00"],"val":["ct_01","mr_01"]},{"train":["ct_01","mr_01"],"val":["ct_00","mr_00"]}]"""],
            folder => SegmentationDataset.Open(folder).Split(0).Train.Count
        )
        {
            Beside = WriteDataset,
        },
        new TextTarget(
            "config",
            "config.yaml",
            [Config, "network.name: dilated2d\n"],
            folder => ConfigLoader.Load(Path.Combine(folder, "config.yaml")).Training.Batch
        ),
        new TextTarget(
            "model",
            "model.json",
            [
                """{"modalities":["CT","MR"],"classes":["background","liver"],"normalizations":["window(-160,240)","percentile(0.5,99.5)"],"size":32,"slices":3,"depth":1,"spacing":"0,0,0"}""",
                """{"modalities":["CT"],"classes":["background","liver"],"normalizations":["none"],"size":16,"slices":1,"depth":4,"sharing":"JointNorm","network":{"name":"unet3d","kernels":"3x3x3 3x3x1","pools":"2x2x2","norm.kind":"batch"}}""",
                """{"modalities":["paired"],"classes":["background","lesion"],"normalizations":["zscore","none"],"size":32,"slices":1,"depth":4,"spacing":"3,3,5","channels":[{"number":0,"name":"T1"},{"number":2,"name":"T2"}]}""",
            ],
            ReadModel
        ),
        new TextTarget("preprocessing", "preprocessing.json", [Record], ReadRecord),
        new TextTarget("manifest", "checkpoints/step-00000002/manifest.json", [ManifestOfCheckpoint()], ReadCheckpoints)
        {
            Beside = WriteCheckpoints,
        },
        new TextTarget(
            "metrics",
            "metrics.jsonl",
            [
                "{\"step\":1,\"wall_time\":1795807874.763,\"loss/total\":1.5,\"dice/CT/liver\":null}\n{\"step\":2,\"wall_time\":1795807874.779,\"loss/total\":6}\n",
            ],
            folder => MetricsLog.Read(Path.Combine(folder, "metrics.jsonl")).Count
        ),
        new TextTarget(
            "plan",
            "plan.json",
            ["""{"data":"/tmp/d","schemes":["individual","ummkd"],"seeds":[0,1],"folds":2,"judged":"Test"}"""],
            folder => ExperimentPlan.Open(folder).Jobs.Count * 64
        )
        {
            Beside = folder => File.WriteAllText(Path.Combine(folder, "config.yaml"), Config),
        },
        new TextTarget("provenance", "provenance.json", [Provenance()], ReadProvenance),
        new TextTarget(
            "result",
            "result.json",
            ["""{"parameters":1000,"steps":50,"seconds":1.5}"""],
            folder => JobResult.Read(folder).Steps > 0 ? 1 : 0
        ),
        new TextTarget(
            "evaluation",
            "evaluation.json",
            [Evaluation()],
            folder => EvaluationFiles.ReadJson(Path.Combine(folder, "evaluation.json")).Cases.Count
        ),
        new ArgumentTarget(
            "set",
            [
                "training.steps=5\ndata.normalization.CT=window(-160,240)",
                "network.name=unet3d\nnetwork.kernels=3x3x3 3x3x1\nnetwork.pools=2x2x2",
                "loss.kd.weight=0.5",
            ],
            text => ConfigLoader.Load(null, text.Split('\n'))
        ),
        new ArgumentTarget(
            "normalization",
            ["window(-160,240)", "window(-1,1,0,1)", "percentile(0.5,99.5)", "zscore", "none"],
            text => ConfigLoader.Load(null, [$"data.normalization.CT={text}"])
        ),
    ];

    private static void WriteCases(string folder)
    {
        var grid = new Geometry(4, 5, 6, Affine.Diagonal(new Vector3d(-2, 2, 4), default));
        foreach (string name in CaseNames)
        {
            Directory.CreateDirectory(Path.Combine(folder, "imagesTr"));
            Directory.CreateDirectory(Path.Combine(folder, "labelsTr"));
            NiftiWriter.Write(Path.Combine(folder, "imagesTr", $"{name}_0000.nii.gz"), new Volume<float>(grid));
            NiftiWriter.Write(Path.Combine(folder, "labelsTr", $"{name}.nii.gz"), new Volume<byte>(grid));
        }
    }

    private static void WriteCasesOfTwoChannels(string folder)
    {
        WriteCases(folder);
        foreach (string name in CaseNames)
            File.Copy(
                Path.Combine(folder, "imagesTr", $"{name}_0000.nii.gz"),
                Path.Combine(folder, "imagesTr", $"{name}_0001.nii.gz"),
                overwrite: true
            );
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest, true))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    private static void WriteDataset(string folder)
    {
        WriteCases(folder);
        File.WriteAllText(Path.Combine(folder, "dataset.json"), Manifest);
    }

    private static long ReadModel(string folder)
    {
        ModelDescription model = ModelDescription.Read(folder);
        model.Preprocessing.Validate(model.Modalities.Count);
        return model.ModalityOf(model.Modalities[^1]).Index;
    }

    private static long ReadRecord(string folder)
    {
        if (PreprocessingRecord.OriginalOf(Path.Combine(folder, "imagesTs", "ct_00_0000.nii.gz"), "ct_00") is not { } original)
            return 0;
        var labels = new Volume<byte>(
            new Geometry(1, 2, 2, Affine.Diagonal(new Vector3d(-3, 3, 5), new Vector3d(6.5, 6.5, 9.5)))
        );
        return 3 * (long)PreprocessingRecord.Restore(labels, original).Voxels.Length;
    }

    private static Dictionary<string, Action<Stream>> Checkpoint(int step) =>
        new()
        {
            ["weights.safetensors"] = stream => stream.Write([1, 2, 3, (byte)step]),
            ["state.json"] = stream => stream.Write("{}"u8),
        };

    private static void WriteCheckpoints(string folder)
    {
        var store = new CheckpointStore(Path.Combine(folder, "checkpoints"));
        Directory.Delete(Path.Combine(folder, "checkpoints", "step-00000002"));
        store.Save(1, Checkpoint(1));
        store.Save(2, Checkpoint(2));
    }

    private static string ManifestOfCheckpoint()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fuzz-");
        new CheckpointStore(folder.FullName).Save(2, Checkpoint(2));
        string manifest = File.ReadAllText(Path.Combine(folder.FullName, "step-00000002", "manifest.json"));
        folder.Delete(recursive: true);
        return manifest;
    }

    /// <summary>Whatever the newest manifest says, the checkpoint before it is there; warnings are of one line.</summary>
    private static long ReadCheckpoints(string folder)
    {
        var store = new CheckpointStore(
            Path.Combine(folder, "checkpoints"),
            warn: line => throw new InvalidDataException(line),
            required: ["weights.safetensors"]
        );
        try
        {
            return store.Latest()!.Step;
        }
        catch (InvalidDataException)
        {
            if (new CheckpointStore(Path.Combine(folder, "checkpoints"), required: ["weights.safetensors"]).Latest()?.Step != 1)
                throw new InvalidOperationException("a damaged manifest stopped the fall-back");
            throw;
        }
    }

    private static RunProvenance ValidProvenance() =>
        new(
            new DataIdentity(
                "/tmp/d",
                "00",
                null,
                ["CT", "MR"],
                ["background", "liver"],
                new SplitIdentity(0, ["ct_00"], ["mr_00"], []),
                new Dictionary<string, CaseFingerprint>
                {
                    ["ct_00"] = new("CT", [4, 5, 6], [1, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6, 7], "00", null),
                }
            ),
            new Arithmetic("cpu", "fp32", false, ""),
            new Dictionary<string, string> { ["training.batch"] = "2" },
            [new RunChange(5, DateTimeOffset.UnixEpoch, ["train"], ["--exact"])]
        );

    private static string Provenance()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fuzz-");
        ValidProvenance().Write(folder.FullName);
        string text = File.ReadAllText(Path.Combine(folder.FullName, RunProvenance.FileName));
        folder.Delete(recursive: true);
        return text;
    }

    private static long ReadProvenance(string folder) =>
        RunProvenance.Find(folder)!.DifferenceTo(ValidProvenance()) is null ? 0 : 1;

    private static string Evaluation()
    {
        var grid = new Geometry(4, 5, 6, Affine.Diagonal(new Vector3d(-2, 2, 4), default));
        CaseResult[] cases =
        [
            .. CaseNames.Select(name =>
                CaseResult.Of(
                    name,
                    name[..2].ToUpperInvariant(),
                    new Volume<byte>(grid),
                    new Volume<byte>(grid),
                    ["liver", "spleen"],
                    tolerance: null
                )
            ),
        ];
        string path = Path.GetTempFileName();
        EvaluationFiles.WriteJson(new EvaluationReport(cases, ["liver", "spleen"]), path);
        string text = File.ReadAllText(path);
        File.Delete(path);
        return text;
    }
}
