using System.Globalization;
using System.Text.Json.Serialization;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>One of the co-registered images that make a case, such as an MR sequence ("channel_names" in dataset.json).</summary>
/// <param name="Number">Its number in the dataset, from 0, which file names carry.</param>
/// <param name="Name">Its name there, for example "T1".</param>
public sealed record Channel(int Number, string Name)
{
    /// <summary>The most channels of a dataset.</summary>
    internal const int Most = 256;

    private const int Digits = 4;

    /// <summary>What stands between a case's name and the ending of its image in nnU-Net's layout: "_0000".</summary>
    [JsonIgnore]
    public string Suffix => SuffixOf(Number);

    /// <summary>The suffix of a channel's number.</summary>
    public static string SuffixOf(int number) => string.Create(CultureInfo.InvariantCulture, $"_{number:D4}");

    /// <summary>Splits a file's name without ending, such as "brain_007_0002"; null where no channel number ends it.</summary>
    public static (string Case, int Number)? Split(string name)
    {
        int length = name.Length - Digits - 1;
        return
            length > 0
            && name[length] == '_'
            && int.TryParse(name.AsSpan(length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? (name[..length], number)
            : null;
    }

    /// <summary>"T1, T1ce, T2".</summary>
    public static string Names(IEnumerable<Channel> channels) => string.Join(", ", channels.Select(channel => channel.Name));
}
