using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Tests.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Provenance;

/// <summary>Whatever of a dataset a run depends on is noticed, by name; what it does not depend on is not.</summary>
internal sealed class DataIdentityTests
{
    private const string Folds =
        """[{ "train": ["ct_0", "ct_1", "mr_0", "mr_1"], "val": ["ct_2", "mr_2"] }, { "train": ["ct_0", "ct_2", "mr_0", "mr_2"], "val": ["ct_1", "mr_1"] }]""";

    private SyntheticDataset data = null!;

    [SetUp]
    public void Make()
    {
        data = new SyntheticDataset();
        data.WriteSplits(Folds);
    }

    [TearDown]
    public void Delete() => data.Dispose();

    [Test]
    public void The_same_data_are_the_same() => Assert.That(DifferenceAfter(() => { }), Is.Null);

    [Test]
    public void Compression_place_and_words_around_do_not_matter()
    {
        Assert.That(
            DifferenceAfter(() =>
            {
                // The same volume, compressed anew; another description; another order of keys.
                Volume<float> image = NiftiFile.Open(data.ImagePath("ct_0")).ToFloatVolume();
                File.Delete(data.ImagePath("ct_0"));
                NiftiWriter.Write(data.ImagePath("ct_0"), image);
                data.WriteManifest(
                    SyntheticDataset.Manifest.Replace(
                        "\"channel_names\"",
                        "\"description\": \"words\", \"channel_names\"",
                        StringComparison.Ordinal
                    )
                );
                File.WriteAllText(data.File("notes.txt"), "notes");
            }),
            Is.Null
        );
    }

    [Test]
    public void Renamed_labels() =>
        RequireManifestDifference(
            "\"liver\": 1, \"spleen\": 2",
            "\"spleen\": 1, \"liver\": 2",
            "label 1 was 'liver' and is 'spleen' now"
        );

    [Test]
    public void A_label_more() =>
        RequireManifestDifference("\"spleen\": 2", "\"spleen\": 2, \"kidney\": 3", "label 3 was absent and is 'kidney' now");

    [Test]
    public void Domains_in_another_order() =>
        RequireManifestDifference(
            "\"CT\": [\"ct_*\"], \"MR\": [\"mr_0\", \"mr_1\", \"mr_2\"]",
            "\"MR\": [\"mr_*\"], \"CT\": [\"ct_*\"]",
            "modality 1 was 'CT' and is 'MR' now"
        );

    [Test]
    public void Swapped_domains() =>
        RequireManifestDifference(
            "\"CT\": [\"ct_*\"], \"MR\": [\"mr_0\", \"mr_1\", \"mr_2\"]",
            "\"CT\": [\"mr_*\"], \"MR\": [\"ct_*\"]",
            "case 'ct_0' was of modality CT and is of MR now"
        );

    [Test]
    public void One_case_in_another_domain() =>
        RequireManifestDifference(
            "\"CT\": [\"ct_*\"], \"MR\": [\"mr_0\", \"mr_1\", \"mr_2\"]",
            "\"CT\": [\"ct_*\", \"mr_2\"], \"MR\": [\"mr_0\", \"mr_1\"]",
            "case 'mr_2' was of modality MR and is of CT now"
        );

    [Test]
    public void A_voxel() =>
        Assert.That(
            DifferenceAfter(() => data.WriteCase("mr_1", image => image.Voxels[17] += 0.5f)),
            Is.EqualTo("case 'mr_1' has other voxels in its image now")
        );

    [Test]
    public void A_label_voxel() =>
        Assert.That(
            DifferenceAfter(() => data.WriteCase("ct_2", null, label => label.Voxels[17] = 1)),
            Is.EqualTo("case 'ct_2' has another reference segmentation now")
        );

    [Test]
    public void A_case_that_lies_elsewhere()
    {
        Assert.That(
            DifferenceAfter(() =>
            {
                Geometry moved = SyntheticDataset.GridOf(originX: 0.5);
                NiftiWriter.Write(
                    data.ImagePath("ct_0"),
                    new Volume<float>(moved, NiftiFile.Open(data.ImagePath("ct_0")).ToFloatVolume().Voxels)
                );
                NiftiWriter.Write(
                    data.LabelPath("ct_0"),
                    new Volume<byte>(moved, NiftiFile.Open(data.LabelPath("ct_0")).ToLabelVolume().Voxels)
                );
            }),
            Is.EqualTo("case 'ct_0' lies elsewhere now: the affine of its image changed")
        );
    }

    [Test]
    public void Another_fold() =>
        Assert.That(IdentityOf(0).DifferenceTo(IdentityOf(1)), Is.EqualTo("the fold was 0 and is 1 now"));

    [Test]
    public void A_case_that_changed_sides() =>
        Assert.That(
            DifferenceAfter(() =>
                data.WriteSplits(
                    Folds.Replace(
                        "\"mr_1\"], \"val\": [\"ct_2\", \"mr_2\"]",
                        "\"mr_2\"], \"val\": [\"ct_2\", \"mr_1\"]",
                        StringComparison.Ordinal
                    )
                )
            ),
            Is.EqualTo("'mr_1' was a training case and is none now")
        );

    [Test]
    public void A_preprocessing_record_that_comes_or_changes()
    {
        string path = data.File(PreprocessingRecord.FileName);
        Assert.That(DifferenceAfter(() => File.WriteAllText(path, "{}")), Is.EqualTo("preprocessing.json is new"));
        Assert.That(DifferenceAfter(() => File.WriteAllText(path, "{ }")), Is.EqualTo("preprocessing.json changed"));
        Assert.That(DifferenceAfter(() => File.Delete(path)), Is.EqualTo("preprocessing.json is gone"));
    }

    private void RequireManifestDifference(string from, string to, string expected) =>
        Assert.That(
            DifferenceAfter(() => data.WriteManifest(SyntheticDataset.Manifest.Replace(from, to, StringComparison.Ordinal))),
            Is.EqualTo(expected)
        );

    private string? DifferenceAfter(Action change)
    {
        DataIdentity before = IdentityOf(0);
        change();
        return before.DifferenceTo(IdentityOf(0));
    }

    private DataIdentity IdentityOf(int fold)
    {
        SegmentationDataset dataset = data.Open();
        DatasetSplit split = dataset.Split(fold);
        return DataIdentity.Of(dataset, fold, split) with
        {
            Cases = split
                .Train.Concat(split.Validation)
                .ToDictionary(c => c.Id, c => CaseReader.Read(c, dataset.ClassNames).Fingerprint),
        };
    }
}
