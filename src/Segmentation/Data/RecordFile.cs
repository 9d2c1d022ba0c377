using System.IO.Hashing;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>A file of TFRecords that a dataset uses.</summary>
/// <param name="Name">Path below the dataset's folder.</param>
/// <param name="IsTraining">For training or validation.</param>
/// <param name="Fingerprint">Tells it from a changed one.</param>
internal sealed record RecordFile(string Name, bool IsTraining, CaseFingerprint Fingerprint)
{
    private const int ChecksumBytes = 4;

    /// <remarks>Every record ends with the checksum of its payload, so the payloads themselves need not be read.</remarks>
    public static RecordFile Of(string folder, string path, bool isTraining, string modality)
    {
        IReadOnlyList<long> offsets = TfRecordFile.IndexRecords(path);
        using FileStream file = File.OpenRead(path);
        var hash = new XxHash128();
        byte[] checksum = new byte[ChecksumBytes];
        foreach (long end in offsets.Skip(1).Append(file.Length))
        {
            file.Position = Math.Max(0, end - ChecksumBytes);
            file.ReadExactly(checksum);
            hash.Append(BitConverter.GetBytes(end));
            hash.Append(checksum);
        }

        return new RecordFile(
            Path.GetRelativePath(folder, path).Replace('\\', '/'),
            isTraining,
            new CaseFingerprint(modality, [offsets.Count], [], Convert.ToHexStringLower(hash.GetCurrentHash()), null)
        );
    }
}
