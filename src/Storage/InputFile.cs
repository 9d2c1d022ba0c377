namespace UnpairedSegEngine.Storage;

/// <summary>Opens files that come from elsewhere: run folders, datasets and lists may name anything.</summary>
public static class InputFile
{
    /// <summary>Opens a file to read it.</summary>
    /// <exception cref="InvalidDataException">There is no such file, or it is a folder, a device, a pipe or a socket, which might
    /// never end.</exception>
    public static FileStream OpenRead(string path)
    {
        if (!File.Exists(path))
            throw new InvalidDataException(
                Directory.Exists(path) ? $"'{path}': is a folder, expected a file" : $"'{path}': no such file"
            );
        if (!UnixCalls.IsRegularFile(path))
            throw new InvalidDataException($"'{path}': is a device, a pipe or a socket, expected a file");
        try
        {
            return File.OpenRead(path);
        }
        catch (IOException exception) when (new FileInfo(path).LinkTarget is not null)
        {
            // Such a link counts as a file to .NET.
            throw new InvalidDataException($"'{path}': is a link that leads nowhere", exception);
        }
    }

    /// <summary>Opens a file that another file of its folder names: a link would be read as if it were that file.</summary>
    /// <exception cref="InvalidDataException">As in <see cref="OpenRead"/>, or it is a link.</exception>
    public static FileStream OpenUnlinked(string path) =>
        new FileInfo(path).LinkTarget is null
            ? OpenRead(path)
            : throw new InvalidDataException($"'{path}': is a link, expected a file");

    /// <summary>A file's bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes that are believed.</param>
    /// <exception cref="InvalidDataException">No file, or a longer one.</exception>
    public static byte[] ReadAll(string path, long most)
    {
        using FileStream file = OpenRead(path);
        if (file.Length > most)
            throw new InvalidDataException($"'{path}': has {file.Length} bytes, expected at most {most}");
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
