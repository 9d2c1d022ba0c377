using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Which channels of a case a network sees: names or numbers such as "T1,T2"; none named means all.</summary>
/// <param name="Text">As written, separated by commas.</param>
public readonly record struct ChannelList(string Text) : IParsable<ChannelList>
{
    private string[] Names => Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <exception cref="FormatException">An entry is empty.</exception>
    public static ChannelList Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out ChannelList result)
            ? result
            : throw new FormatException($"'{s}' is no list of channels such as T1,T2");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ChannelList result)
    {
        result = new ChannelList(s ?? "");
        return s is not null && (s.Length == 0 || !s.Split(',').Any(string.IsNullOrWhiteSpace));
    }

    /// <summary>Those of a dataset's channels that are listed, in the dataset's order.</summary>
    /// <exception cref="InvalidDataException">The dataset has no such channel, or one is listed twice; the message names
    /// it.</exception>
    public IReadOnlyList<Channel> Of(SegmentationDataset dataset)
    {
        if (Names.Length == 0)
            return dataset.Channels;
        Channel[] listed = [.. Names.Select(name => Find(name, dataset))];
        return listed.Distinct().Count() == listed.Length
            ? [.. listed.OrderBy(channel => channel.Number)]
            : throw new InvalidDataException($"data.channels: '{Text}' names a channel twice");
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static Channel Find(string name, SegmentationDataset dataset)
    {
        IReadOnlyList<Channel> channels = dataset.Channels;
        return channels.FirstOrDefault(channel => channel.Name == name)
            ?? channels.FirstOrDefault(channel => string.Equals(channel.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? (
                int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                    ? channels.ElementAtOrDefault(number)
                    : null
            )
            ?? throw new InvalidDataException(
                $"data.channels: the dataset '{dataset.Folder}' has no channel '{name}'; it has {Channel.Names(channels)}"
            );
    }
}
