using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Order of a tensor's elements in memory; its axes are always (batch, channels, positions...).</summary>
internal enum Layout
{
    /// <summary>As the axes say.</summary>
    Contiguous,

    /// <summary>Channels change fastest.</summary>
    ChannelsLast,
}

internal static class Layouts
{
    public static string Name(this Layout layout) => layout == Layout.ChannelsLast ? "channels-last" : "contiguous";

    /// <summary>The tensor's values in a layout.</summary>
    public static Tensor Arrange(this Layout layout, Tensor x) =>
        layout == Layout.ChannelsLast ? ChannelsSecond(x.permute([0, .. Positions(x, 2), 1]).contiguous()) : x.contiguous();

    /// <summary>A view of (batch, positions..., channels) with the axes that libtorch wants.</summary>
    public static Tensor ChannelsSecond(Tensor x) => x.permute([0, x.dim() - 1, .. Positions(x, 1)]);

    private static IEnumerable<long> Positions(Tensor x, int first) =>
        Enumerable.Range(first, (int)x.dim() - 2).Select(axis => (long)axis);
}
