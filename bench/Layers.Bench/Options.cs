using CommandLine;

namespace UnpairedSegEngine.Bench;

/// <summary>What to measure.</summary>
internal sealed class Options
{
    private const string Dilated2D = "dilated2d";
    private const string UNet3D = "unet3d";

    [Option("threads", Default = 1, HelpText = "Threads of the backend.")]
    public int Threads { get; init; }

    [Option("network", Default = Dilated2D, HelpText = "dilated2d or unet3d.")]
    public string Network { get; init; } = Dilated2D;

    [Option("size", HelpText = "Height and width of the input images; 256 in 2D, 128 in 3D if not given.")]
    public int? GivenSize { get; init; }

    [Option("depth", Default = 8, HelpText = "Slices of a 3D image.")]
    public int Depth { get; init; }

    [Option("channels", Default = 16, HelpText = "Channels F of the first group.")]
    public int Channels { get; init; }

    [Option("batch", Default = 2, HelpText = "Images per batch, of both modalities together.")]
    public int Batch { get; init; }

    [Option("filter", Default = "", HelpText = "Only layers whose name contains this.")]
    public string Filter { get; init; } = "";

    [Option("seconds", Default = 0.5, HelpText = "Time per layer and pass.")]
    public double Seconds { get; init; }

    [Option("step", HelpText = "Measure whole training steps instead of layers.")]
    public bool Step { get; init; }

    [Option("exact", HelpText = "Direct convolutions only.")]
    public bool Exact { get; init; }

    [Option("json", HelpText = "Also write the results to this file.")]
    public string? Json { get; init; }

    [Option("markdown", HelpText = "Also write the table to this file.")]
    public string? Markdown { get; init; }

    public int Size => GivenSize ?? (Is3D ? 128 : 256);

    /// <exception cref="ArgumentException">There is no such network.</exception>
    public bool Is3D => Network switch
    {
        UNet3D => true,
        Dilated2D => false,
        _ => throw new ArgumentException($"network '{Network}' is not known; choose {Dilated2D} or {UNet3D}"),
    };
}
