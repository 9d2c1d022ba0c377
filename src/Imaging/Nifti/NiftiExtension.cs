namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>A header extension: its registered code and its content without the 8 bytes of size and code.</summary>
public sealed record NiftiExtension(int Code, byte[] Content)
{
    /// <summary>The size as stored: content plus 8.</summary>
    public int StoredBytes => Content.Length + 8;
}
