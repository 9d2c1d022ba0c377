using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>import makes our datasets of other people's, wholly or not at all.</summary>
internal sealed class ImportVerbTests : CommandLine
{
    /// <summary>5 x 2 pixels of a palette with 4 entries.</summary>
    private const string Png =
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAACAgMAAADtBP7OAAAADFBMVEUAAAD/AAAA/wAAAP+bwBPcAAAADklEQVR4nGOQdmB40gAAA9UBwKFHnN4AAAAASUVORK5CYII=";

    private static readonly Geometry Grid = new(6, 5, 4, Affine.Diagonal(new Vector3d(-1, 1, 3), new Vector3d(10, -20, 30)));

    [Test]
    public void Two_decathlon_tasks_become_one_dataset()
    {
        string spleen = Decathlon("Task09_Spleen", "CT", ["spleen_1", "spleen_2"], lowest: -1000),
            prostate = Decathlon("Task05_Other", "MRI", ["a_1", "a_2"], lowest: 0),
            merged = PathOf("merged");
        RequireOneLine(Run("train", "--data", spleen, "--out", PathOf("no-run")), 3, "unpairedseg import FOLDER");
        RequireOneLine(Run("inspect", spleen), 3, "unpairedseg import FOLDER");
        (int code, string output, string errors) = Run("import", spleen, prostate, "--out", merged);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("ct_spleen_1").And.Contain("copied").And.Contain("wrote 6 cases"));
        SegmentationDataset dataset = SegmentationDataset.Open(merged);
        Assert.That(dataset.Modalities.Select(m => m.Name), Is.EqualTo(new[] { "CT", "MR" }));
        Assert.That(dataset.ClassNames, Is.EqualTo(new[] { "background", "liver", "spleen" }));
        Assert.That(dataset.Cases.Select(c => c.Id), Is.EqualTo(new[] { "ct_spleen_1", "ct_spleen_2", "mr_a_1", "mr_a_2" }));
        Assert.That(dataset.TestCases.Select(c => c.Id), Is.EqualTo(new[] { "ct_test_1", "mr_test_1" }));
        Assert.That(
            File.ReadAllBytes(Path.Combine(merged, "imagesTr/ct_spleen_1_0000.nii.gz")),
            Is.EqualTo(File.ReadAllBytes(Path.Combine(spleen, "imagesTr/spleen_1.nii.gz"))),
            "copied byte by byte"
        );
        Assert.That(Run("inspect", merged).Code, Is.Zero);
    }

    [Test]
    public void A_series_of_the_decathlon_becomes_channels()
    {
        string task = Decathlon("Task01_Brain", "T1,T2", ["brain_1"], lowest: 0);
        RequireSuccess(Run("import", task, "--out", PathOf("brain")));
        SegmentationDataset dataset = SegmentationDataset.Open(PathOf("brain"));
        Assert.That(dataset.Channels.Select(c => c.Name), Is.EqualTo(new[] { "T1", "T2" }));
        Assert.That(dataset.Modalities.Single().Name, Is.EqualTo(DatasetManifest.PairedModality));
        LoadedCase loaded = CaseReader.Read(dataset.Cases[0], dataset.ClassNames);
        Assert.That(loaded.Images[1].Voxels, Is.EqualTo(loaded.Images[0].Voxels.Select(v => v + 1000)));
    }

    [Test]
    public void The_first_nnunet_is_read_and_values_of_classes_are_chosen()
    {
        string task = Decathlon("Task500_Old", "CT", ["a", "b"], lowest: -1000);
        foreach (string folder in new[] { "imagesTr", "imagesTs" })
        {
            foreach (string file in Directory.GetFiles(Path.Combine(task, folder)))
                File.Move(file, file.Replace(".nii.gz", "_0000.nii.gz"));
        }

        RequireOneLine(Run("import", task, "--out", PathOf("chosen"), "--classes", "spleen"), 2, "has liver, too");
        RequireSuccess(Run("import", task, "--out", PathOf("chosen"), "--classes", "spleen", "--rest-is-background"));
        SegmentationDataset dataset = SegmentationDataset.Open(PathOf("chosen"));
        Assert.That(dataset.ClassNames, Is.EqualTo(new[] { "background", "spleen" }));
        byte[] labels = CaseReader.Read(dataset.Cases[0], dataset.ClassNames).Labels!.Voxels;
        Assert.That(labels.Order().Distinct(), Is.EqualTo(new byte[] { 0, 1 }));
        Assert.That(labels[2], Is.EqualTo(1), "spleen was 2");
        Assert.That(labels[1], Is.Zero, "liver was 1");
    }

    [Test]
    public void A_csv_names_modalities_groups_and_splits()
    {
        string folder = Directory.CreateDirectory(PathOf("listed")).FullName;
        foreach (string name in new[] { "x1", "x2", "x3", "x4", "x5" })
        {
            NiftiWriter.Write(Path.Combine(folder, $"{name}.nii"), Image(name[1] * 10));
            NiftiWriter.Write(Path.Combine(folder, $"{name}-seg.nii"), Labels().Map(label => (short)(label * 63)));
        }

        string csv = Path.Combine(folder, "cases.csv");
        File.WriteAllText(
            csv,
            """
            image,label,modality,group,split
            x1.nii,x1-seg.nii,CT,p1,train
            x2.nii,x2-seg.nii,MR,p1,train
            x3.nii,x3-seg.nii,CT,p2,val
            x4.nii,x4-seg.nii,MR,,train
            x5.nii,,MR,,test

            """
        );
        string[] values = ["--classes", "liver=63,spleen=126"];
        RequireOneLine(
            Run("import", csv, "--out", PathOf("from-csv")),
            3,
            "hold the values 63, 126",
            "--classes NAME=63,NAME=126"
        );
        (int code, string output, string errors) = Run(["import", csv, "--dry-run", .. values]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("would write 5 cases").And.Contain("group p1").And.Contain("label values changed"));
        Assert.That(Directory.Exists(PathOf("from-csv")), Is.False);

        RequireSuccess(Run(["import", csv, "--out", PathOf("from-csv"), .. values]));
        SegmentationDataset dataset = SegmentationDataset.Open(PathOf("from-csv"));
        Assert.That(
            dataset.Cases.Select(c => (c.Id, c.Group)),
            Is.EqualTo(new[] { ("x1", "p1"), ("x2", "p1"), ("x3", "p2"), ("x4", null) })
        );
        DatasetSplit split = dataset.Split();
        Assert.That(split.Validation.Select(c => c.Id), Is.EqualTo(new[] { "x3" }));
        Assert.That(split.Test.Select(c => c.Id), Is.EqualTo(new[] { "x5" }));

        File.WriteAllText(csv, File.ReadAllText(csv).Replace("CT,p2,val", "CT,p1,val"));
        RequireSuccess(Run(["import", csv, "--out", PathOf("leak"), .. values]));
        RequireOneLine(
            Run("train", "--data", PathOf("leak"), "--out", PathOf("leak-run")),
            3,
            "has the group 'p1' in the training"
        );
    }

    [Test]
    public void Plain_folders_are_matched_by_name_and_modalities_are_asked_for()
    {
        string folder = PathOf("plain");
        Directory.CreateDirectory(Path.Combine(folder, "Images"));
        Directory.CreateDirectory(Path.Combine(folder, "Labels"));
        foreach (int i in new[] { 1, 10 })
        {
            NiftiWriter.Write(Path.Combine(folder, "Images", $"volume-{i}.nii.gz"), Image(-1000 - i));
            NiftiWriter.Write(Path.Combine(folder, "Labels", $"segmentation-{i}.nii.gz"), Labels());
        }

        RequireOneLine(Run("import", folder, "--out", PathOf("plain-out")), 2, "of which modality", $"CT={folder}, if it is CT");
        RequireSuccess(Run("import", $"CT={folder}", "--out", PathOf("plain-out"), "--classes", "liver,spleen"));
        Assert.That(
            SegmentationDataset.Open(PathOf("plain-out")).Cases.Select(c => c.Id),
            Is.EqualTo(new[] { "volume-1", "volume-10" })
        );
        File.Delete(Path.Combine(folder, "Labels/segmentation-10.nii.gz"));
        RequireOneLine(Run("import", $"CT={folder}", "--out", PathOf("plain-2")), 3, "volume-10.nii.gz': no label in");
    }

    [Test]
    public void Slices_of_png_become_volumes_with_the_spacing_that_is_given()
    {
        string folder = PathOf("slices");
        foreach (string kind in new[] { "images", "labels" })
        {
            string stack = Directory.CreateDirectory(Path.Combine(folder, kind, "patient1")).FullName;
            foreach (int z in new[] { 1, 2, 10 })
                File.WriteAllBytes(Path.Combine(stack, $"{z}.png"), Convert.FromBase64String(Png));
        }

        string[] command = ["import", $"MR={folder}", "--out", PathOf("of-slices"), "--classes", "a,b,c"];
        RequireOneLine(Run(command), 2, "give it with --spacing");
        (int code, string output, string errors) = Run([.. command, "--spacing", "0.5,0.5,3"]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(
            output,
            Does.Contain("5x2x3")
                .And.Contain("0.5 x 0.5 x 3 mm")
                .And.Contain("converted from PNG slices")
                .And.Contain("is one missing?")
        );
        SegmentationDataset dataset = SegmentationDataset.Open(PathOf("of-slices"));
        LoadedCase loaded = CaseReader.Read(dataset.Cases.Single(), dataset.ClassNames);
        Assert.That(loaded.Labels!.Voxels.Take(10), Is.EqualTo(new byte[] { 0, 1, 2, 3, 1, 3, 2, 1, 0, 2 }));

        string csv = Path.Combine(folder, "one.csv");
        File.WriteAllText(csv, "image,label,modality,spacing\nimages/patient1,labels/patient1,MR,0.7 0.7 5\n");
        Assert.That(Run("import", csv, "--dry-run").Output, Does.Contain("0.7 x 0.7 x 5 mm"));
        File.WriteAllText(csv, "image,label,modality,spacing\nimages/patient1,labels/patient1,MR,thick\n");
        RequireOneLine(Run("import", csv, "--dry-run"), 3, "line 2: spacing is 'thick'");
    }

    /// <summary>A stand-in for dcm2niix writes what a test wants.</summary>
    [TestCase("{\"Modality\": \"CT\", \"RescaleSlope\": 1, \"RescaleIntercept\": 0}", 1, 0, "")]
    [TestCase(
        "{\"Modality\": \"CT\", \"RescaleIntercept\": -1024}",
        1,
        3,
        "but RescaleSlope and RescaleIntercept are 1 and -1024"
    )]
    [TestCase("{\"Modality\": \"MR\", \"SpacingBetweenSlices\": 6}", 1, 3, "slices are 3 mm apart in the volume, but 6 mm")]
    [TestCase("{\"Modality\": \"MR\", \"SliceThickness\": 5}", 1, 0, "3 mm apart and 5 mm thick")]
    [TestCase("no json", 1, 3, "no valid JSON")]
    [TestCase("", 1, 0, "wrote no description")]
    [TestCase("{}", 0, 3, "made no volume of it: Error: no images")]
    [TestCase("{}", 2, 3, "made 2 volumes of it")]
    [Platform(Exclude = "Win")]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void A_series_of_dicom_goes_through_dcm2niix(string json, int volumes, int expected, string message)
    {
        string series = Directory.CreateDirectory(PathOf("dicom/images/p1")).FullName,
            labels = Directory.CreateDirectory(PathOf("dicom/labels")).FullName,
            made = PathOf("dicom/made.nii.gz");
        byte[] dicom = [.. new byte[128], .. "DICM"u8];
        File.WriteAllBytes(Path.Combine(series, "IM0001"), dicom);
        NiftiWriter.Write(Path.Combine(labels, "p1.nii.gz"), Labels());
        NiftiWriter.Write(made, Image(-1000));
        File.WriteAllText(PathOf("dicom/made.json"), json);
        string script = PathOf("dicom/dcm2niix");
        ShellScript.Write(
            script,
            $"""
            while [ $# -gt 1 ]; do if [ "$1" = -o ]; then out=$2; fi; shift; done
            for i in $(seq {volumes}); do cp {made} "$out/volume$i.nii.gz"; [ -s {PathOf("dicom/made.json")} ] && cp {PathOf(
                "dicom/made.json"
            )} "$out/volume$i.json"; done
            [ {volumes} = 0 ] && echo "Error: no images" >&2
            exit 0
            """
        );
        try
        {
            Environment.SetEnvironmentVariable("UNPAIREDSEG_DCM2NIIX", script);
            (int code, string output, string errors) = Run("import", $"CT={PathOf("dicom")}", "--dry-run");
            Assert.That(code, Is.EqualTo(expected), errors);
            Assert.That(output + errors, Does.Contain(message).And.Contain(expected == 0 ? "converted from DICOM" : series));
        }
        finally
        {
            Environment.SetEnvironmentVariable("UNPAIREDSEG_DCM2NIIX", null);
        }
    }

    [Test]
    public void Without_dcm2niix_the_message_says_how_to_get_it()
    {
        string series = Directory.CreateDirectory(PathOf("no-dcm2niix/images/p1")).FullName;
        Directory.CreateDirectory(PathOf("no-dcm2niix/labels"));
        File.WriteAllBytes(Path.Combine(series, "a.dcm"), []);
        NiftiWriter.Write(PathOf("no-dcm2niix/labels/p1.nii.gz"), Labels());
        string? path = Environment.GetEnvironmentVariable("PATH");
        try
        {
            Environment.SetEnvironmentVariable("PATH", "/nowhere");
            (int code, _, string errors) = Run("import", $"CT={PathOf("no-dcm2niix")}", "--out", PathOf("none"));
            Assert.That(code, Is.EqualTo(3));
            Assert.That(errors, Does.Contain("is a DICOM series, which needs the program dcm2niix: install it"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }

    [Test]
    public void Nothing_is_left_of_an_import_that_fails()
    {
        string task = Decathlon("Task11_Broken", "CT", ["a", "b", "c"], lowest: -1000),
            target = PathOf("half");
        File.WriteAllText(Path.Combine(task, "imagesTr/b.nii.gz"), "no volume");
        NiftiWriter.Write(Path.Combine(task, "labelsTr/c.nii.gz"), new Volume<byte>(new Geometry(2, 2, 2, Grid.Affine)));
        (int code, string output, string errors) = Run("import", task, "--out", target);
        Assert.That(code, Is.EqualTo(3));
        Assert.That(errors, Does.Contain("b.nii.gz").And.Contain("shape 2x2x2 against 6x5x4").And.Contain("nothing was written"));
        Assert.That(errors.TrimEnd().Split('\n'), Has.Length.EqualTo(3), errors);
        Assert.That(output, Does.Contain("a ").And.Not.Contain("wrote"));
        Assert.That(Directory.Exists(target), Is.False);
        Assert.That(Directory.GetFileSystemEntries(Folder, ".tmp*"), Is.Empty);
        RequireOneLine(Run("import", task), 2, "--out");
        RequireOneLine(Run("import", task, "--out", Data), 2, "not empty");
        RequireOneLine(Run("import", PathOf("nowhere"), "--out", target), 2, "no such file or folder");
    }

    [TestCase("/etc/passwd", "is no file within")]
    [TestCase("../secret.nii.gz", "is no file within")]
    [TestCase("./imagesTr/gone.nii.gz", "gone.nii.gz' is missing")]
    public void A_foreign_list_reads_no_other_files(string image, string message)
    {
        string task = Decathlon($"Task12_{image.Length}", "CT", ["a"], lowest: -1000),
            manifest = Path.Combine(task, "dataset.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("./imagesTr/a.nii.gz", image));
        RequireOneLine(Run("import", task, "--dry-run"), 3, message);
    }

    [Test]
    public void Datasets_that_label_other_organs_are_not_joined_silently()
    {
        string ct = Decathlon("Task20_A", "CT", ["a"], lowest: -1000),
            mr = Decathlon("Task21_B", "MRI", ["b"], lowest: 0);
        string manifest = Path.Combine(mr, "dataset.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"liver\"", "\"kidney\""));
        RequireOneLine(Run("import", ct, mr, "--dry-run"), 3, "labels liver, spleen, but", "--rest-is-background");
        RequireSuccess(Run("import", ct, mr, "--dry-run", "--classes", "spleen", "--rest-is-background"));
    }

    /// <summary>A task of the decathlon: labels 1 and 2, one test case; channels by name.</summary>
    private string Decathlon(string name, string channels, string[] cases, float lowest)
    {
        string task = PathOf(name);
        string[] names = channels.Split(',');
        foreach (string folder in new[] { "imagesTr", "labelsTr", "imagesTs" })
            Directory.CreateDirectory(Path.Combine(task, folder));
        foreach (string id in cases)
        {
            WriteSeries(Path.Combine(task, "imagesTr", $"{id}.nii.gz"), names.Length, lowest + id[^1]);
            NiftiWriter.Write(Path.Combine(task, "labelsTr", $"{id}.nii.gz"), Labels());
        }

        WriteSeries(Path.Combine(task, "imagesTs", "test_1.nii.gz"), names.Length, lowest);
        File.WriteAllText(
            Path.Combine(task, "dataset.json"),
            JsonSerializer.Serialize(
                new
                {
                    name,
                    modality = names.Index().ToDictionary(n => $"{n.Index}", n => n.Item),
                    labels = new Dictionary<string, string>
                    {
                        ["0"] = "background",
                        ["1"] = "liver",
                        ["2"] = "spleen",
                    },
                    numTraining = cases.Length,
                    training = cases.Select(id => new { image = $"./imagesTr/{id}.nii.gz", label = $"./labelsTr/{id}.nii.gz" }),
                    test = new[] { "./imagesTs/test_1.nii.gz" },
                }
            )
        );
        return task;
    }

    private static Volume<float> Image(float lowest) =>
        new(Grid, [.. Enumerable.Range(0, Grid.VoxelCount).Select(i => lowest + (i % 7))]);

    private static Volume<byte> Labels() => new(Grid, [.. Enumerable.Range(0, Grid.VoxelCount).Select(i => (byte)(i % 3))]);

    /// <summary>Several volumes in one file, each 1000 above the one before.</summary>
    private static void WriteSeries(string path, int volumes, float lowest)
    {
        if (volumes == 1)
        {
            NiftiWriter.Write(path, Image(lowest));
            return;
        }

        // The writer knows no series: all slices of all volumes, and then the header's sizes.
        var all = new Volume<float>(
            new Geometry(Grid.X, Grid.Y, Grid.Z * volumes, Grid.Affine),
            [.. Enumerable.Range(0, volumes).SelectMany(v => Image(lowest + (1000 * v)).Voxels)]
        );
        string plain = Path.ChangeExtension(Path.ChangeExtension(path, null), ".nii");
        NiftiWriter.Write(plain, all);
        byte[] bytes = File.ReadAllBytes(plain);
        (bytes[40], bytes[46], bytes[48]) = (4, (byte)Grid.Z, (byte)volumes);
        File.Delete(plain);
        using FileStream file = File.Create(path);
        using var gzip = new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionLevel.Fastest);
        gzip.Write(bytes);
    }
}
