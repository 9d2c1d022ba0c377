using CommandLine;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>What to measure, and how the peer is set.</summary>
internal abstract class Options
{
    /// <summary>A residual network that classifies small images; only steps.</summary>
    public const string ResNet20 = "resnet20";

    /// <summary>Generator and discriminator; only steps.</summary>
    public const string Uagan = "uagan";

    private const string Dilated2D = "dilated2d";
    private const string UNet3D = "unet3d";

    [Option("network", Default = Dilated2D, HelpText = "dilated2d or unet3d; with step also resnet20 or uagan.")]
    public string Network { get; init; } = Dilated2D;

    [Option("channels", Default = 16, HelpText = "Channels F of the first group.")]
    public int Channels { get; init; }

    [Option(
        "size",
        HelpText = "Height and width of the images; 32 with resnet20, 128 in 3D and with uagan, else 256 if not given."
    )]
    public int? GivenSize { get; init; }

    [Option("depth", Default = 8, HelpText = "Slices of a 3D image.")]
    public int Depth { get; init; }

    [Option("batch", Default = 2, HelpText = "Images per batch, of both modalities together.")]
    public int Batch { get; init; }

    [Option("threads", Default = 1, HelpText = "Threads of libtorch.")]
    public int Threads { get; init; }

    [Option("seconds", Default = 5.0, HelpText = "Time to measure for; at least three runs.")]
    public double Seconds { get; init; }

    [Option("tuned", HelpText = "Freed memory is kept, and 2D images are channels-last.")]
    public bool Tuned { get; init; }

    [Option("layout", HelpText = "contiguous or channels-last, whatever --tuned would take.")]
    public string? GivenLayout { get; init; }

    [Option("json", HelpText = "Also write the result to this file.")]
    public string? Json { get; init; }

    public int Size =>
        GivenSize
        ?? Network switch
        {
            ResNet20 => 32,
            UNet3D or Uagan => 128,
            _ => 256,
        };

    public int? DepthIn3D => Is3D ? Depth : null;

    /// <exception cref="ArgumentException">There is no such network.</exception>
    public bool Is3D =>
        Network switch
        {
            UNet3D => true,
            Dilated2D => false,
            ResNet20 or Uagan when this is StepOptions or CheckOptions => false,
            ResNet20 or Uagan => throw new ArgumentException($"network '{Network}' has steps only"),
            _ => throw new ArgumentException(
                $"network '{Network}' is not known; choose {Dilated2D}, {UNet3D}, {ResNet20} or {Uagan}"
            ),
        };

    /// <exception cref="ArgumentException">There is no such layout.</exception>
    public Layout Layout =>
        GivenLayout switch
        {
            null => Tuned && !Is3D ? Layout.ChannelsLast : Layout.Contiguous,
            "contiguous" => Layout.Contiguous,
            "channels-last" => Layout.ChannelsLast,
            _ => throw new ArgumentException($"layout '{GivenLayout}' is not known; choose contiguous or channels-last"),
        };

    /// <summary>Shape of a batch of images with the channels last, as it is filled.</summary>
    public long[] ImageShape(int samples) =>
        Network switch
        {
            UNet3D => [samples, Depth, Size, Size, 1],
            Uagan => [samples, Size, Size, 1],
            _ => [samples, Size, Size, PeerNetwork.Slices],
        };

    /// <exception cref="ArgumentException">A size is of no use to the networks.</exception>
    public void Validate()
    {
        if (Channels < 2 || Channels % 2 != 0)
            throw new ArgumentException($"--channels is {Channels}; it must be even and at least 2");
        if (Size < 8 || Size % 8 != 0 || (Is3D && (Depth < 8 || Depth % 8 != 0)))
            throw new ArgumentException($"images of {Size}x{Size}{(Is3D ? $"x{Depth}" : "")}: each side must be a multiple of 8");
        if (Threads < 1 || Batch < 1)
            throw new ArgumentException($"--threads {Threads} and --batch {Batch} must be at least 1");
    }
}

[Verb("step", HelpText = "Whole training steps: forward, losses, backward, update.")]
internal sealed class StepOptions : Options;

[Verb("infer", HelpText = "Predictions of one modality, without gradients.")]
internal sealed class InferOptions : Options;

[Verb("layers", HelpText = "The three passes of each convolution of a network.")]
internal sealed class LayersOptions : Options
{
    [Option("filter", Default = "", HelpText = "Only layers whose name contains this.")]
    public string Filter { get; init; } = "";
}

[Verb("check", HelpText = "Parameter counts, the losses' reference values and the transposed convolution.")]
internal sealed class CheckOptions : Options;
