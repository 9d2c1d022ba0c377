using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Tests.Nifti;

/// <summary>Which files of a folder are volumes. Nothing is opened, so the files are empty.</summary>
internal sealed class NiftiFolderTests
{
    [Test]
    public void Volumes_are_listed_by_name_and_the_rest_is_counted_or_passed_over()
    {
        using var folder = new TemporaryFolder();
        Make(
            folder,
            "b.nii.gz",
            "a.NII",
            "C.Nii.GZ",
            "d.hdr",
            "d.img",
            "e.hdr.gz",
            "e.img.gz",
            "f.img",
            "._a.nii.gz",
            ".hidden.nii",
            ".tmp-b.nii.gz-12",
            "readme.txt",
            "table.csv"
        );
        Directory.CreateDirectory(folder.File("sub"));
        File.WriteAllText(folder.File("sub/x.nii.gz"), "");
        File.CreateSymbolicLink(folder.File("link.nii"), "/nowhere/at-all.nii");
        NiftiFolder found = NiftiFolder.Scan(folder.Path);
        Assert.That(
            found.Volumes.Select(volume => (volume.Name, Path.GetFileName(volume.Path), volume.Ending)),
            Is.EqualTo(
                new[]
                {
                    ("C", "C.Nii.GZ", ".nii.gz"),
                    ("a", "a.NII", ".nii"),
                    ("b", "b.nii.gz", ".nii.gz"),
                    ("d", "d.hdr", ".hdr"),
                    ("e", "e.hdr.gz", ".hdr.gz"),
                    ("f", "f.img", ".img"),
                    ("link", "link.nii", ".nii"),
                }
            )
        );
        Assert.That(found.Others, Is.EqualTo(2));
        Assert.That(found.Note, Does.Contain("2 files that are no NIfTI"));
    }

    [TestCase("x.nii", "x.nii.gz")]
    [TestCase("X.nii.gz", "x.nii.gz")]
    [TestCase("x.hdr", "x.nii.gz", "x.img")]
    [TestCase("x.hdr", "x.hdr.gz", "x.img")]
    [TestCase("x.img", "x.img.gz", "x.hdr")]
    [TestCase("x.img", "x.nii")]
    public void Two_volumes_of_one_name_are_refused_by_both_names(string first, string second, string third = "other.nii")
    {
        using var folder = new TemporaryFolder();
        Make(folder, first, second, third);
        Assert.That(
            () => NiftiFolder.Scan(folder.Path),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains(first)
                .And.Message.Contains(second)
                .And.Message.Not.Contains('\n')
        );
    }

    [Test]
    public void A_folder_without_volumes_says_where_they_are()
    {
        using var folder = new TemporaryFolder();
        Make(folder, "._a.nii.gz");
        Assert.That(NiftiFolder.Scan(folder.Path).Volumes, Is.Empty);
        Assert.That(
            () => NiftiFolder.ScanSome(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.EndsWith("has no .nii, .nii.gz or .hdr file")
        );
        Directory.CreateDirectory(folder.File("sub-01/anat"));
        File.WriteAllText(folder.File("sub-01/anat/x.nii.gz"), "");
        Assert.That(
            () => NiftiFolder.ScanSome(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("subfolder 'sub-01/anat'")
        );
        Assert.That(
            () => NiftiFolder.Scan(folder.File("._a.nii.gz")),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("is a file")
        );
        Assert.That(
            () => NiftiFolder.Scan(folder.File("gone")),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("no such folder")
        );
    }

    [TestCase("x.HDR", "x.IMG")]
    [TestCase("x.hdr", "x.IMG.GZ")]
    [TestCase("x.hdr", "x.img")]
    public void The_halves_of_a_pair_find_each_other_whatever_the_letter_case(string header, string voxels)
    {
        using var folder = new TemporaryFolder();
        Make(folder, header, voxels);
        Assert.That(NiftiPaths.ImageFile(folder.File(header)), Is.EqualTo(folder.File(voxels)));
        Assert.That(NiftiPaths.HeaderFile(folder.File(voxels)), Is.EqualTo(folder.File(header)));
    }

    private static void Make(TemporaryFolder folder, params string[] names)
    {
        foreach (string name in names)
            File.WriteAllText(folder.File(name), "");
    }
}
