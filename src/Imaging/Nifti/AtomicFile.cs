namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>Writes a file beside its target, flushes it to the disk and renames it: the target is whole or absent.</summary>
internal static class AtomicFile
{
    public static void Write(string path, Action<Stream> write)
    {
        var partial = path + ".partial";
        try
        {
            using (var stream = File.Create(partial))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }
}
