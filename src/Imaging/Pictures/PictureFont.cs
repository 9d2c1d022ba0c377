using SkiaSharp;

namespace UnpairedSegEngine.Imaging.Pictures;

/// <summary>
/// A font for captions that also works without fontconfig, as in a container; null where the machine has no font at all.
/// </summary>
internal static class PictureFont
{
    private static readonly string[] Folders = ["/usr/share/fonts", "/usr/local/share/fonts"];
    private static readonly string[] Preferred = ["DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf"];
    private static readonly Lazy<SKTypeface?> Typeface = new(Find);

    public static SKFont? Create(float size) => Typeface.Value is { } typeface ? new SKFont(typeface, size) : null;

    private static SKTypeface? Find()
    {
        if (SKTypeface.Default is { GlyphCount: > 0 } installed)
            return installed;
        var files = Folders
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.ttf", SearchOption.AllDirectories))
            .Order(StringComparer.Ordinal)
            .ToArray();
        var file = Preferred
            .Select(name => files.FirstOrDefault(f => Path.GetFileName(f) == name))
            .FirstOrDefault(f => f is not null);
        return (file ?? files.FirstOrDefault()) is { } path ? SKTypeface.FromFile(path) : null;
    }
}
