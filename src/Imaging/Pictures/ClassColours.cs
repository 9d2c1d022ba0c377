using SkiaSharp;

namespace UnpairedSegEngine.Imaging.Pictures;

/// <summary>One colour per class: the palette of Okabe and Ito (2008), which colour-blind readers tell apart.</summary>
internal static class ClassColours
{
    private static readonly SKColor[] Palette =
    [
        new(0xE6, 0x9F, 0x00),
        new(0x56, 0xB4, 0xE9),
        new(0x00, 0x9E, 0x73),
        new(0xF0, 0xE4, 0x42),
        new(0x00, 0x72, 0xB2),
        new(0xD5, 0x5E, 0x00),
        new(0xCC, 0x79, 0xA7),
    ];

    /// <summary>Colour of class 1, 2, ...; the background has none.</summary>
    public static SKColor Of(int label) => Palette[(label - 1) % Palette.Length];
}
