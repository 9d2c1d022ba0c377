using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>Those channels of samples that a network sees, where the samples hold more than it knows.</summary>
internal sealed class ChannelView
{
    private readonly IReadOnlyList<Range> runs;

    private ChannelView(params IReadOnlyList<Range> runs) => this.runs = runs;

    /// <summary>All of them.</summary>
    public static ChannelView Whole { get; } = new(Range.All);

    /// <summary>What a model sees of the samples that another one is trained on.</summary>
    /// <param name="model">Sees some of the channels.</param>
    /// <param name="samples">Whose samples they are.</param>
    /// <param name="missing">Makes the error of a channel, by name, that the samples do not hold.</param>
    public static ChannelView Of(ModelDescription model, ModelDescription samples, Func<string, Exception> missing)
    {
        int[] places = [.. Enumerable.Range(0, model.Volumes).Select(volume => PlaceOf(model, volume, samples))];
        if (Array.IndexOf(places, -1) is >= 0 and var absent)
            throw missing(model.Channels?[absent].Name ?? "of single images");
        int slices = samples.Preprocessing.Shape.Slices;
        return places.SequenceEqual(Enumerable.Range(0, samples.Volumes))
            ? Whole
            : new ChannelView([.. places.Select(place => (place * slices)..((place + 1) * slices))]);
    }

    /// <summary>Where a volume of a model is among those of another; -1 where it is not.</summary>
    public static int PlaceOf(ModelDescription model, int volume, ModelDescription other) =>
        (model.Channels, other.Channels) switch
        {
            (null, null) => 0,
            ({ } own, { } theirs) => theirs.ToList().FindIndex(channel => channel.Name == own[volume].Name),
            _ => -1,
        };

    /// <summary>(samples, depth, height, width, channels seen).</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="images">(samples, depth, height, width, channels).</param>
    public Variable See(Tape tape, Variable images)
    {
        if (this == Whole)
            return images;
        Variable[] parts =
        [
            .. runs.Select(run =>
            {
                (int start, int count) = run.GetOffsetAndLength(images.Shape[^1]);
                return tape.Slice(images, ^1, start, count);
            }),
        ];
        return parts.Length == 1 ? parts[0] : tape.Concat(^1, parts);
    }
}
