using UnpairedSegEngine.Classification.Data;

namespace UnpairedSegEngine.Classification.Tests.Data;

internal sealed class PngFolderTests
{
    private static readonly ImageShape Colour = new(2, 3, 3),
        Grey = new(2, 3, 1);

    private TemporaryFolder folder = null!;

    [SetUp]
    public void Open() => folder = new TemporaryFolder();

    [TearDown]
    public void Close() => folder.Dispose();

    [TestCase(1)]
    [TestCase(3)]
    public void Pixels_pass_through_a_png_file_unchanged(int channels)
    {
        var shape = new ImageShape(5, 7, channels);
        byte[] pixels = [.. Enumerable.Range(0, shape.Length).Select(i => (byte)(i * 37))];
        folder.With("a.png", PngImage.Encode(shape, pixels));
        (ImageShape read, byte[] values) = PngImage.Read(folder.File("a.png"));
        Assert.That(read, Is.EqualTo(shape));
        Assert.That(values, Is.EqualTo(pixels));
    }

    [Test]
    public void A_table_names_split_and_label()
    {
        Write("a.png", Colour, 1);
        Write("b.png", Colour, 2);
        Write("c.png", Colour, 3);
        Table("labels.csv", "file,split,label", "b.png,train,dog", "\"a.png\",train,\"cat, small\"", "", "c.png,test,dog");
        ImageDataset dataset = ImageDataset.Open(folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(dataset.ClassNames, Is.EqualTo(new[] { "cat, small", "dog" }));
            Assert.That(dataset.IsMultiLabel, Is.False);
            Assert.That(dataset.Shape, Is.EqualTo(Colour));
            Assert.That(dataset.Train.Count, Is.EqualTo(2));
            Assert.That(dataset.Train[0].Name, Is.EqualTo("b.png"));
            Assert.That(dataset.Train.Pixels(0)[0], Is.EqualTo(2));
            Assert.That(dataset.Train.Label(1), Is.Zero);
            Assert.That(dataset.Test.Label(0), Is.EqualTo(1));
        });
    }

    [Test]
    public void A_table_may_list_several_labels_and_none()
    {
        Write("a.png", Grey, 1);
        Write("b.png", Grey, 2);
        Table("labels.csv", "file,labels,split", "a.png,dog; cat,train", "b.png,,train");
        File.WriteAllText(folder.File("classes.txt"), "dog\ncat\ncow");
        ImageDataset dataset = ImageDataset.Open(folder.Path);
        Assert.That(dataset.IsMultiLabel);
        Assert.That(dataset.Train.Labels(0), Is.EqualTo(new[] { true, true, false }));
        Assert.That(dataset.Train.Labels(1), Has.None.True);
        Assert.That(() => dataset.Train.Label(0), Throws.InvalidOperationException);
    }

    [Test]
    public void A_document_names_classes_split_and_labels()
    {
        Directory.CreateDirectory(folder.File("images"));
        Write("images/a.png", Grey, 1);
        File.WriteAllText(
            folder.File("labels.json"),
            """{"classes": ["dog", "cat"], "multiLabel": true, "images": [{"file": "images/a.png", "split": "train", "labels": ["cat"]}]}"""
        );
        ImageDataset dataset = ImageDataset.Open(folder.Path);
        Assert.That(dataset.ClassNames, Is.EqualTo(new[] { "dog", "cat" }));
        Assert.That(dataset.Train.Labels(0), Is.EqualTo(new[] { false, true }));
    }

    [Test]
    public void Folders_name_classes()
    {
        foreach (string place in new[] { "train/dog", "train/cat", "test/dog" })
        {
            Directory.CreateDirectory(folder.File(place));
            Write($"{place}/1.png", Grey, (byte)place.Length);
        }

        Write("train/dog/0.png", Grey, 7);
        ImageDataset dataset = ImageDataset.Open(folder.Path);
        Assert.That(dataset.ClassNames, Is.EqualTo(new[] { "cat", "dog" }));
        Assert.That(
            Enumerable.Range(0, 3).Select(i => dataset.Train[i].Name),
            Is.EqualTo(new[] { "train/cat/1.png", "train/dog/0.png", "train/dog/1.png" })
        );
        Assert.That(dataset.Test.Label(0), Is.EqualTo(1));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Boxes_are_read_beside_labels(bool isTable)
    {
        TwoImages();
        if (isTable)
            Table("proposals.csv", "file,x1,y1,x2,y2,score", "a.png,0,0,1,1,0.5", "a.png,1,0,2,1,0.25");
        else
            File.WriteAllText(folder.File("proposals.json"), """{"a.png": [[0, 0, 1, 1, 0.5], [1, 0, 2, 1, 0.25]]}""");
        Table("objects.csv", "file,x1,y1,x2,y2,label", "b.png,0,1,2,1,dog");
        ImageSet train = ImageDataset.Open(folder.Path).Train;
        Assert.That(train.HasProposals && train.HasObjects);
        Assert.That(
            train[0].Proposals,
            Is.EqualTo(new[] { new BoxProposal(new(0, 0, 1, 1), 0.5f), new BoxProposal(new(1, 0, 2, 1), 0.25f) })
        );
        Assert.That(train[1].Proposals, Is.Empty);
        Assert.That(train[1].Objects, Is.EqualTo(new[] { new ObjectBox(new(0, 1, 2, 1), 1) }));
    }

    [TestCase("a.png,0,0,3,1,0.5", "line 2", "does not lie within")]
    [TestCase("a.png,1,0,0,1,0.5", "line 2", "does not lie within")]
    [TestCase("a.png,0,0,1,1,much", "line 2", "'much' is no number")]
    [TestCase("a.png,0,0,1,1", "line 2", "has 5 fields, but the header 6")]
    [TestCase("z.png,0,0,1,1,1", "line 2", "'z.png' is no image")]
    public void Bad_proposals_are_refused_by_line(string row, string line, string problem)
    {
        TwoImages();
        Table("proposals.csv", "file,x1,y1,x2,y2,score", row);
        Refused("proposals.csv", line, problem);
    }

    [TestCase("""{"a.png": [[0, 0, 1, 1]]}""", "a.png[0]", "is no list")]
    [TestCase("""{"a.png": [[0, 0, 9, 1, 1]]}""", "a.png[0]", "does not lie within")]
    [TestCase("""{"a.png": 5}""", "proposals.json", "no valid JSON")]
    public void Bad_proposals_are_refused_by_place(string json, string place, string problem)
    {
        TwoImages();
        File.WriteAllText(folder.File("proposals.json"), json);
        Refused("proposals.json", place, problem);
    }

    [TestCase("file,split\na.png,train", "line 1", "no column label")]
    [TestCase("file,split,label\na.png,val,cat", "line 2", "split is 'val', expected train or test")]
    [TestCase("file,split,label\n../a.png,train,cat", "line 2", "no path within")]
    [TestCase("file,split,label\n/a.png,train,cat", "line 2", "no path within")]
    [TestCase("file,split,label\na.png,train,\"cat", "line 2", "a quote is not closed")]
    [TestCase("file,split,label\na.png,train,cat\na.png,train,dog", "a.png", "twice")]
    [TestCase("file,split,label\nz.png,train,cat\na.png,train,dog", "z.png", "no such file")]
    [TestCase("file,split,label\na.png,train,cat", "has 1 classes", "expected 2 to 256")]
    [TestCase("file,split,label\na.png,test,cat\nb.png,test,dog", "no training images", "")]
    [TestCase("file,split,label", "lists no images", "")]
    public void Bad_tables_are_refused_in_one_line(string table, string place, string problem)
    {
        Write("a.png", Grey, 1);
        Write("b.png", Grey, 1);
        File.WriteAllText(folder.File("labels.csv"), table);
        Refused(folder.Path, place, problem);
    }

    [TestCase("""{"images": []}""", "classes is missing")]
    [TestCase("""{"classes": ["a", "b"]}""", "images is missing")]
    [TestCase("""{"classes": ["a", "a"], "images": [{"file": "a.png", "split": "train", "labels": ["a"]}]}""", "class a twice")]
    [TestCase("""{"classes": ["a", "b"], "images": [{"file": "a.png", "labels": ["a"]}]}""", "images[0] lacks")]
    [TestCase("""{"classes": ["a", "b"], "images": [{"file": "a.png", "split": "train", "labels": ["c"]}]}""", "'c' is no class")]
    [TestCase("""{"classes": ["a", "b"], "images": [{"file": "a.png", "split": "train", "labels": []}]}""", "has 0 labels")]
    [TestCase("""{"classes": ["a", "b"], "imgs": []}""", "labels.json")]
    public void Bad_documents_are_refused(string json, string problem)
    {
        Write("a.png", Grey, 1);
        File.WriteAllText(folder.File("labels.json"), json);
        Refused(folder.Path, problem, "");
    }

    [Test]
    public void Images_of_another_size_or_kind_are_refused()
    {
        TwoImages();
        Write("b.png", new ImageShape(3, 3, 1), 1);
        Refused("b.png", "3x3x1", "2x3x1");
        folder.With("b.png", 1, 2, 3);
        Refused("b.png", "is no PNG", "");
        var large = new ImageShape(64, 64, 1);
        byte[] whole = PngImage.Encode(large, [.. Enumerable.Range(0, large.Length).Select(i => (byte)(i * i))]);
        folder.With("b.png", whole[..(whole.Length / 2)]);
        Refused("b.png", "damaged", "");
    }

    [Test]
    public void A_fingerprint_follows_content_and_not_form()
    {
        TwoImages();
        string first = ImageDataset.Open(folder.Path).Fingerprint;
        Assert.That(first, Has.Length.EqualTo(32));
        Assert.That(ImageDataset.Open(folder.Path).Fingerprint, Is.EqualTo(first));
        File.Move(folder.File("b.png"), folder.File("c.png"));
        Table("labels.csv", "split,label,file", "train,cat,a.png", "train,dog,c.png");
        Assert.That(ImageDataset.Open(folder.Path).Fingerprint, Is.EqualTo(first), "another name of a file");
        string[] others =
        [
            With("split,label,file", "train,dog,a.png", "train,cat,c.png"),
            With("split,label,file", "train,cat,c.png", "train,dog,a.png"),
            With("split,label,file", "train,cat,a.png", "test,dog,c.png"),
            With("split,labels,file", "train,cat,a.png", "train,dog,c.png"),
            With("split,label,file", "train,cat,a.png", "train,pig,c.png"),
        ];
        Assert.That(others.Append(first).Distinct().Count(), Is.EqualTo(6));

        string With(params string[] lines)
        {
            Table("labels.csv", lines);
            return ImageDataset.Open(folder.Path).Fingerprint;
        }
    }

    private void TwoImages()
    {
        Write("a.png", Grey, 1);
        Write("b.png", Grey, 2);
        Table("labels.csv", "file,split,label", "a.png,train,cat", "b.png,train,dog");
    }

    private void Write(string name, ImageShape shape, byte value) =>
        File.WriteAllBytes(folder.File(name), PngImage.Encode(shape, [.. Enumerable.Repeat(value, shape.Length)]));

    private void Table(string name, params string[] lines) => File.WriteAllLines(folder.File(name), lines);

    private void Refused(params string[] parts)
    {
        string message = Assert.Throws<InvalidDataException>(() => ImageDataset.Open(folder.Path))!.Message;
        Assert.That(parts.All(message.Contains), message);
        Assert.That(message, Does.Not.Contain("\n"));
    }
}
