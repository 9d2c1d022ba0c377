using CommandLine;

namespace UnpairedSegEngine.Bench;

/// <summary>What to measure.</summary>
internal sealed class Options
{
    [Option("threads", Default = 1, HelpText = "Threads of the backend.")]
    public int Threads { get; init; }

    [Option("size", Default = 256, HelpText = "Height and width of the input images.")]
    public int Size { get; init; }

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

    [Option("json", HelpText = "Also write the results to this file.")]
    public string? Json { get; init; }

    [Option("markdown", HelpText = "Also write the table to this file.")]
    public string? Markdown { get; init; }
}
