using System.Text.RegularExpressions;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>
/// Images in one folder and labels in another, matched by name: alike but for words such as image, volume, label, seg or mask and
/// a channel number, so that volume-3.nii and segmentation-3.nii, or img0001 and label0001, belong together.
/// </summary>
internal sealed partial class PlainFolderFormat : IImportFormat
{
    private static readonly string[] ImageFolders = ["images", "image", "imagesTr", "img", "imgs", "volumes", "scans"];
    private static readonly string[] LabelFolders =
    [
        "labels",
        "label",
        "labelsTr",
        "masks",
        "mask",
        "seg",
        "segmentation",
        "segmentations",
    ];

    public string Description => "folder with images/ and labels/, or a folder of images with --labels FOLDER";

    public bool IsIn(string path) => Directory.Exists(path);

    public ImportSource Read(string path, ImportOptions options)
    {
        (string images, string labels) = Folders(path, options.LabelFolder);
        var byKey = new Dictionary<string, (string Name, string Path)>(StringComparer.Ordinal);
        foreach ((string Name, string Path) label in VolumeOpener.In(labels))
        {
            if (!byKey.TryAdd(KeyOf(label.Name), label))
                throw new InvalidDataException(
                    $"'{label.Path}' and '{Path.GetFileName(byKey[KeyOf(label.Name)].Path)}': cannot tell which image is whose; "
                        + "list them in a CSV file (image,label)"
                );
        }

        var cases = new List<ImportCase>();
        foreach ((string name, string image) in VolumeOpener.In(images))
        {
            if (!byKey.Remove(KeyOf(name), out (string Name, string Path) label))
                throw new InvalidDataException(
                    $"'{image}': no label in '{labels}' has that name; list images and labels in a CSV file (image,label) if "
                        + "they are named otherwise"
                );
            cases.Add(new ImportCase(CaseOf(name), [image], label.Path, $"'{image}'"));
        }

        if (byKey.Count > 0)
            throw new InvalidDataException($"'{byKey.Values.First().Path}': a label without its image in '{images}'");
        return cases.Count > 0
            ? new ImportSource(path, "plain folders", cases)
            : throw new InvalidDataException(
                $"'{images}': no volumes; known are .nii, .nii.gz, .hdr, .nrrd, .nhdr, .mha, .mhd, and folders of PNG or "
                    + "DICOM files"
            );
    }

    /// <summary>A case's name: the image's without channel number.</summary>
    public static string CaseOf(string name) => Channel.Split(name) is (string id, 0) ? id : name;

    private static (string Images, string Labels) Folders(string path, string? labelFolder)
    {
        if (labelFolder is not null)
            return Directory.Exists(labelFolder)
                ? (path, labelFolder)
                : throw new UsageException($"--labels '{labelFolder}': no such folder");
        string? images = Find(ImageFolders),
            labels = Find(LabelFolders);
        return images is not null && labels is not null
            ? (images, labels)
            : throw new InvalidDataException(
                $"'{path}': is no dataset that can be imported: it has no {DatasetManifest.FileName}, and no folders images and "
                    + "labels; name the labels' folder with --labels, or list both in a CSV file"
            );

        string? Find(string[] names) =>
            names
                .Select(name => Directory.EnumerateDirectories(path).FirstOrDefault(d => Is(d, name)))
                .FirstOrDefault(found => found is not null);

        static bool Is(string folder, string name) => Path.GetFileName(folder).Equals(name, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What of a name tells cases apart.</summary>
    private static string KeyOf(string name) => Words().Replace(CaseOf(name).ToLowerInvariant(), "").Trim('-', '_', '.', ' ');

    [GeneratedRegex("[-_. ]*(?<![a-z])(images?|img|volumes?|vol|scans?|labels?|segmentations?|seg|masks?|gt)(?![a-z])")]
    private static partial Regex Words();
}
