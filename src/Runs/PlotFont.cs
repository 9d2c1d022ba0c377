using ScottPlot;

namespace UnpairedSegEngine.Runs;

/// <summary>
/// A font for plots. The Skia library that comes with the program asks no font service, so a font file is looked for where
/// systems
/// keep them; without one, plots have curves but no text.
/// </summary>
public static class PlotFont
{
    private const string Name = "plot";

    private static readonly string[] Preferred =
    [
        "DejaVuSans.ttf",
        "LiberationSans-Regular.ttf",
        "NotoSans-Regular.ttf",
        "Arial.ttf",
        "arial.ttf",
    ];

    /// <summary>The name that plots ask for; null where no font was found.</summary>
    public static string? Family { get; } = Register();

    private static string? Register()
    {
        string? file = FontFiles().MinBy(path => (uint)Array.IndexOf(Preferred, Path.GetFileName(path)));
        if (file is null)
            return null;
        Fonts.AddFontFile(Name, file);

        // Titles and axis labels ask for the bold face; the regular one serves.
        Fonts.AddFontFile(Name, file, bold: true, italic: false);
        return Name;
    }

    private static IEnumerable<string> FontFiles()
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string[] folders =
        [
            Environment.GetFolderPath(Environment.SpecialFolder.Fonts),
            "/usr/share/fonts",
            "/usr/local/share/fonts",
            "/System/Library/Fonts",
            Path.Combine(home, ".local/share/fonts"),
            Path.Combine(home, ".fonts"),
        ];
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true };
        return folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*.ttf", options));
    }
}
