using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>Which records are whose.</summary>
internal sealed class TfRecordDatasetTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void File_names_say_it()
    {
        Put("training_ct.tfrecords");
        Put("training_mr.tfrecords");
        Put("val_ct.tfrecords");
        Check(training: 2, validation: ["CT"]);
    }

    [Test]
    public void Folder_names_say_it()
    {
        Put("ct_train_tfs/slice_0001.tfrecords");
        Put("ct_train_tfs/slice_0002.tfrecords");
        Put("mr_train_tfs/slice_0001.tfrecords");
        Put("mr_val_tfs/slice_0001.tfrecords");
        Check(training: 3, validation: ["MR"]);
    }

    [Test]
    public void Lists_say_it_and_find_files_by_their_names()
    {
        Put("a/1.tfrecords");
        Put("a/2.tfrecords");
        Put("a/3.tfrecords");
        File.WriteAllText(folder.File("ct_train_list"), "a/1.tfrecords\n\n");
        File.WriteAllText(folder.File("mr_train_list.txt"), "/home/authors/data/2.tfrecords\n");
        File.WriteAllText(folder.File("mr_val_list.txt"), "a/3.tfrecords\n");
        Check(training: 2, validation: ["MR"]);
        File.AppendAllText(folder.File("ct_train_list"), "a/9.tfrecords\n");
        Assert.That(
            () => TfRecordDataset.Open(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("names 'a/9.tfrecords'")
        );
    }

    [Test]
    public void Names_that_say_nothing_are_refused()
    {
        Put("one.tfrecords");
        Assert.That(
            () => TfRecordDataset.Open(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("ct_train_list")
        );
    }

    [Test]
    public void A_part_in_upper_case_and_in_the_singular_counts()
    {
        Put("CT_TRAIN.TFRECORD");
        Put("mr-Training.TfRecords");
        Put("mr_validation.tfrecord");
        Put("ct_test.tfrecords");
        Check(training: 2, validation: ["MR"]);
    }

    [Test]
    public void Shards_count()
    {
        Put("ct_train.tfrecord-00000-of-00002");
        Put("ct_train.tfrecord-00001-of-00002");
        Put("mr_train.tfrecord");
        Check(training: 3, validation: []);
    }

    [Test]
    public void A_packed_file_is_refused_unless_it_lies_beside_the_unpacked_one()
    {
        Put("ct_train.tfrecords");
        Put("ct_train.tfrecords.gz");
        Put("mr_train.tfrecords");
        Check(training: 2, validation: []);
        File.Delete(folder.File("ct_train.tfrecords"));
        Refuse("ct_train.tfrecords.gz", "leave out the ending .gz");
    }

    [Test]
    public void A_modality_of_validation_records_only_is_refused()
    {
        Put("mr_train.tfrecords");
        Put("ct_val.tfrecords");
        Refuse("modality CT has records for validation", "ct_val.tfrecords", "none for training");
        File.WriteAllText(folder.File("mr_train_list"), "mr_train.tfrecords");
        File.WriteAllText(folder.File("ct_val_list"), "ct_val.tfrecords");
        Refuse("modality CT has records for validation");
        File.WriteAllText(folder.File("ct_train_list"), " \n");
        Refuse("ct_train_list", "names no file");
    }

    [Test]
    public void A_modality_without_validation_is_told_of()
    {
        Put("ct_train.tfrecords");
        Put("mr_train.tfrecords");
        Assert.That(TfRecordDataset.Open(folder.Path).Warnings, Is.Empty);
        Put("mr_val.tfrecords");
        Assert.That(
            TfRecordDataset.Open(folder.Path).Warnings,
            Is.EqualTo(new[] { "modality CT has no records for validation: the best step is chosen without it" })
        );
        File.WriteAllText(folder.File("ct_train_list"), "ct_train.tfrecords");
        File.WriteAllText(folder.File("ct_val_list"), "ct_train.tfrecords");
        Assert.That(
            TfRecordDataset.Open(folder.Path).Warnings,
            Has.One.Contains("ct_train.tfrecords' is both for training and for validation")
        );
    }

    [TestCase("ct_train_v2_x.tfrecords")]
    [TestCase("ct.tfrecords")]
    [TestCase("ct_train_val.tfrecords")]
    public void A_name_that_says_nothing_beside_others_is_refused(string name)
    {
        Put("mr_train.tfrecords");
        Put(name);
        Refuse(name, "ct_train_list");
    }

    [Test]
    public void Hidden_files_count_not_at_all()
    {
        Put("ct_train.tfrecords");
        Put("mr_train.tfrecords");
        foreach (
            string name in new[] { "._ct_train.tfrecords", ".mr_train.tfrecords", ".trash/ct_val.tfrecords", "._ct_train_list" }
        )
        {
            Put(name);
            File.WriteAllText(folder.File(name), "Mac OS X");
        }

        Check(training: 2, validation: []);
    }

    [Test]
    public void Links_are_followed_but_nothing_counts_twice()
    {
        Put("data/ct_train.tfrecords");
        Put("data/mr_train.tfrecords");
        File.CreateSymbolicLink(folder.File("data/a_ct_train.tfrecords"), "ct_train.tfrecords");
        Directory.CreateSymbolicLink(folder.File("data/again"), "..");
        Directory.CreateSymbolicLink(folder.File("again"), folder.Path);
        Directory.CreateSymbolicLink(folder.File("data/itself"), ".");
        Directory.CreateSymbolicLink(folder.File("far"), "again/again/data");
        File.CreateSymbolicLink(folder.File("nowhere"), "nowhere");
        Check(training: 2, validation: []);

        // A list may go by way of a link, and name a file twice.
        File.WriteAllText(folder.File("ct_train_list"), "far/ct_train.tfrecords\ndata/ct_train.tfrecords\n");
        File.WriteAllText(folder.File("mr_train_list"), "mr_train.tfrecords");
        Check(training: 2, validation: []);
    }

    [Test]
    public void Linked_files_of_elsewhere_count()
    {
        using var elsewhere = new TemporaryFolder();
        File.WriteAllBytes(elsewhere.File("1.tfrecords"), TfRecordTests.Record());
        File.CreateSymbolicLink(folder.File("ct_train.tfrecords"), elsewhere.File("1.tfrecords"));
        Directory.CreateSymbolicLink(folder.File("mr_train"), elsewhere.Path);
        Put("mr_train.tfrecords");
        Check(training: 2, validation: []);
    }

    [Test]
    public void A_list_that_names_a_file_outside_the_folder_is_refused([Values] bool isAbsolute)
    {
        using var elsewhere = new TemporaryFolder();
        File.WriteAllBytes(elsewhere.File("1.tfrecords"), TfRecordTests.Record());
        Put("1.tfrecords");
        string line = isAbsolute
            ? elsewhere.File("1.tfrecords")
            : Path.GetRelativePath(folder.Path, elsewhere.File("1.tfrecords"));
        File.WriteAllText(folder.File("ct_train_list"), line);
        Refuse("ct_train_list", line, "lies outside");
        File.WriteAllText(folder.File("ct_train_list"), "/etc/passwd");
        Refuse("'/etc/passwd', which lies outside");
        File.WriteAllText(folder.File("ct_train_list"), "a\0b");
        Refuse("which is not below");
    }

    [Test]
    public void A_list_finds_the_file_whose_path_ends_as_the_line()
    {
        Put("ct/1.tfrecords");
        Put("mr/1.tfrecords");
        File.WriteAllText(folder.File("ct_train_list"), "/home/authors/ct/1.tfrecords");
        File.WriteAllText(folder.File("mr_train_list"), "C:\\data\\mr\\1.tfrecords");
        Check(training: 2, validation: []);
        Assert.That(TfRecordDataset.Open(folder.Path).Warnings, Is.Empty);
        File.WriteAllText(folder.File("mr_train_list"), "/home/1.tfrecords");
        Refuse("mr_train_list", "may be", "ct/1.tfrecords", "mr/1.tfrecords");
    }

    private void Refuse(params string[] parts)
    {
        var refusal = Assert.Throws<InvalidDataException>(() => TfRecordDataset.Open(folder.Path))!;
        foreach (string part in parts)
            Assert.That(refusal.Message, Does.Contain(part));
    }

    private void Put(string name)
    {
        string path = folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, TfRecordTests.Record());
    }

    private void Check(int training, string[] validation)
    {
        Assert.That(TfRecordDataset.Exists(folder.Path));
        TfRecordDataset dataset = TfRecordDataset.Open(folder.Path);
        Assert.That(dataset.Modalities.Select(m => m.Name), Is.EqualTo(new[] { "CT", "MR" }));
        Assert.That(dataset.Training.Count, Is.EqualTo(training));
        Assert.That(dataset.OpenValidation().Select(v => v.Modality.Name), Is.EqualTo(validation));
    }
}
