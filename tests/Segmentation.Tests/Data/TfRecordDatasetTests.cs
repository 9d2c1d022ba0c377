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
        Assert.That(() => TfRecordDataset.Open(folder.Path), Throws.TypeOf<InvalidDataException>().With.Message.Contains("names 'a/9.tfrecords'"));
    }

    [Test]
    public void Names_that_say_nothing_are_refused()
    {
        Put("one.tfrecords");
        Assert.That(() => TfRecordDataset.Open(folder.Path), Throws.TypeOf<InvalidDataException>().With.Message.Contains("ct_train_list"));
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
