using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Runs.Transfer;

/// <summary>
/// What a new run takes from earlier weights, by name and shape. Classes, channels and modalities may be others: their rows are
/// taken by name, and a modality that is new begins with the normalization, and the kernels that are not shared, of another one.
/// </summary>
public sealed class WeightTransfer
{
    private readonly LearntNames names;
    private readonly TransferSource source;
    private readonly IReadOnlyList<int> modalityOf;
    private readonly string readOut,
        first;
    private readonly int sourceClasses;
    private readonly List<string> taken = [];
    private readonly Dictionary<string, string> adapted = [],
        initial = [];
    private readonly HashSet<string> used = [];

    /// <param name="method">With initial weights.</param>
    /// <param name="names">What its rows stand for.</param>
    /// <param name="source">What it is to begin with.</param>
    /// <param name="starts">For a modality of the run, the one of the source to begin with; by name where not given, then the
    /// source's first.</param>
    /// <exception cref="UsageException">A modality is none.</exception>
    /// <exception cref="InvalidDataException">A tensor does not fit, or none does.</exception>
    public WeightTransfer(
        TrainingMethod method,
        LearntNames names,
        TransferSource source,
        IReadOnlyDictionary<string, string> starts
    )
    {
        (this.names, this.source) = (names, source);
        modalityOf = [.. StartsOf(names, source, starts)];
        TrainingModule predictor = method.Modules.Single(module => module.Name == TrainingModule.Predictor);
        (first, readOut) = (LayerOf(predictor.Parameters.All[0].Name), LayerOf(predictor.Parameters.All[^1].Name));
        sourceClasses = source.Names?.Classes.Count ?? ClassesOfReadOut();
        Weights =
        [
            .. from module in method.Modules
            where !module.IsFrozen
            from parameter in module.Parameters.All
            select Adapt(module, parameter),
        ];
        if (taken.Count + adapted.Count == 0)
            throw new InvalidDataException(
                $"--init '{source.Path}': nothing of it fits: it has no tensor by a name of this network; choose the network that it "
                    + "was trained with (network.name)"
            );
        Report = new InitialWeights(
            Path.GetFullPath(source.Path),
            source.Step,
            source.Hash,
            names
                .Modalities.Zip(modalityOf, (name, index) => (name, Start: NameOfModality(index)))
                .ToDictionary(m => m.name, m => m.Start),
            taken,
            adapted,
            initial,
            [.. source.Arrays.Keys.Except(used).Order(StringComparer.Ordinal)]
        );
    }

    /// <summary>Of all modules, in the order of checkpoints.</summary>
    public IReadOnlyList<NamedArray> Weights { get; }

    public InitialWeights Report { get; }

    private NamedArray Adapt(TrainingModule module, Parameter parameter)
    {
        string name = module.NameOf(parameter.Name);
        NamedArray target = parameter.Value.ToNamedArray(name);
        if (Find(name) is not { } found)
            return Keep(target, "the source has none");
        (RowMap? map, string how) = MapOf(parameter, target.Shape, found.Shape);
        if (map is null)
        {
            if (found.Shape != target.Shape)
                return DependsOnNumbers(parameter, target.Shape, found.Shape) is { } why
                    ? Keep(target, why)
                    : throw new InvalidDataException(
                        $"--init '{source.Path}': '{found.Name}' is {found.Shape}, but this network has {target.Shape}; set the "
                            + "network (network.*) as it was there"
                    );
            return Take(found, target with { Bytes = found.Bytes });
        }

        if (!map.Fits(target.Shape, found.Shape))
            return DependsOnNumbers(parameter, target.Shape, found.Shape) is { } why
                ? Keep(target, why)
                : throw new InvalidDataException(
                    $"--init '{source.Path}': '{found.Name}' is {found.Shape}, but this network has {target.Shape}; set the network "
                        + "(network.*) as it was there"
                );
        if (map.Sources.All(from => from is null))
            return Keep(target, how);
        used.Add(found.Name);
        if (map.IsIdentity(found.Shape[map.Axis]) && found.Shape == target.Shape)
            return Take(found, target with { Bytes = found.Bytes });
        adapted[name] = how;
        return map.Apply(target, found);
    }

    private NamedArray Take(NamedArray found, NamedArray target)
    {
        used.Add(found.Name);
        taken.Add(target.Name);
        return target;
    }

    private NamedArray Keep(NamedArray target, string why)
    {
        initial[target.Name] = why;
        return target;
    }

    /// <summary>
    /// The source's tensor of a name. Where one network has a layer for all modalities and the other one for each, that of the
    /// modality, or the one for all.
    /// </summary>
    private NamedArray? Find(string name)
    {
        if (CopyOf(name) is not var (layer, copy, kind))
        {
            if (source.Arrays.TryGetValue(name, out NamedArray? same))
                return same;
            int dot = name.LastIndexOf('.');
            return dot < 0 ? null : source.Arrays.GetValueOrDefault($"{name[..dot]}.m{modalityOf[0]}{name[dot..]}");
        }

        return source.Arrays.GetValueOrDefault($"{layer}.m{modalityOf[copy]}.{kind}")
            ?? source.Arrays.GetValueOrDefault($"{layer}.{kind}");
    }

    /// <summary>How rows are taken where they stand for something; no map where the whole tensor is.</summary>
    private (RowMap? Map, string How) MapOf(Parameter parameter, Shape target, Shape found)
    {
        string layer = LayerOf(parameter.Name);
        bool isNorm = parameter.Kind == ParameterKind.Statistic || parameter.Kind == ParameterKind.Affine;
        if (isNorm && target.Rank == 2)
        {
            // A row per modality, or one for all.
            int?[] rows = [.. modalityOf.Take(target[0]).Select(index => (int?)(found[0] == 1 ? 0 : index))];
            return rows.Length == target[0] ? (new RowMap(0, rows), NormText(rows)) : (null, "");
        }

        if (layer == readOut || layer.EndsWith(".logits", StringComparison.Ordinal))
            return ClassMap(target);
        if (layer == first && parameter.Kind == ParameterKind.Kernel)
            return ChannelMap(target, found);
        return (null, "");
    }

    private (RowMap? Map, string How) ClassMap(Shape target)
    {
        if (source.Names is not { } theirs || target[^1] != names.Classes.Count)
            return (null, "");
        IReadOnlyList<int?> rows = RowMap.ByName(names.Classes, theirs.Classes);
        return (new RowMap(target.Rank - 1, rows), TextOf("classes", names.Classes, rows));
    }

    /// <summary>Channels of an image are the slices of the first channel of a case, then those of the second.</summary>
    private (RowMap? Map, string How) ChannelMap(Shape target, Shape found)
    {
        int axis = target.Rank - 2;
        if (source.Names is not { Channels: { Count: > 0 } theirs } || names.Channels.Count == 0)
            return (null, "");
        int slices = target[axis] / names.Channels.Count;
        if (found[axis] != slices * theirs.Count)
            return (null, "");
        IReadOnlyList<int?> channels = RowMap.ByName(names.Channels, theirs);
        int?[] rows = [.. channels.SelectMany(from => Enumerable.Range(0, slices).Select(slice => (from * slices) + slice))];
        return (new RowMap(axis, rows), TextOf("channels", names.Channels, channels));
    }

    /// <summary>Why a shape is another although the network is of the same kind and size; null where that is not why.</summary>
    private string? DependsOnNumbers(Parameter parameter, Shape target, Shape found)
    {
        if (target.Rank != found.Rank)
            return null;
        int[] other = [.. Enumerable.Range(0, target.Rank).Where(axis => target[axis] != found[axis])];
        if (
            sourceClasses != names.Classes.Count
            && other.All(axis => (long)target[axis] * sourceClasses == (long)found[axis] * names.Classes.Count)
        )
            return "its size follows from the number of classes, which is another";
        return LayerOf(parameter.Name) == first && other.Length == 1 && other[0] == target.Rank - 2
            ? "the images have other channels"
            : null;
    }

    private string NormText(IReadOnlyList<int?> rows) =>
        "modalities: "
        + string.Join(", ", rows.Select((from, row) => $"{names.Modalities[row]} from {NameOfModality(from ?? 0)}"));

    private static string TextOf(string what, IReadOnlyList<string> names, IReadOnlyList<int?> rows)
    {
        string[] have = [.. names.Where((_, row) => rows[row] is not null)],
            lack = [.. names.Where((_, row) => rows[row] is null)];
        return $"{what}: {(have.Length == 0 ? "none" : string.Join(", ", have))} taken"
            + (lack.Length == 0 ? "" : $"; {string.Join(", ", lack)} new");
    }

    private string NameOfModality(int index) => source.Names?.Modalities[index] ?? $"number {index}";

    private int ClassesOfReadOut() =>
        source
            .Arrays.Values.Where(array => LayerOf(array.Name) == readOut)
            .Select(array => array.Shape[^1])
            .FirstOrDefault(names.Classes.Count);

    private static IEnumerable<int> StartsOf(LearntNames names, TransferSource source, IReadOnlyDictionary<string, string> starts)
    {
        if (starts.Keys.FirstOrDefault(name => !names.Modalities.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            throw new UsageException($"--init-modality '{unknown}': the data have {string.Join(", ", names.Modalities)}");
        if (starts.Count > 0 && source.Names is null)
            throw new UsageException(
                $"--init-modality: '{source.Path}' does not say which modalities it knows; give a run folder"
            );
        foreach ((int index, string name) in names.Modalities.Index())
        {
            if (source.Names is not { Modalities: var theirs })
            {
                yield return ModalitiesIn(source) > index ? index : 0;
                continue;
            }

            bool isChosen = starts.Any(start => string.Equals(start.Key, name, StringComparison.OrdinalIgnoreCase));
            string wanted = isChosen
                ? starts.First(start => string.Equals(start.Key, name, StringComparison.OrdinalIgnoreCase)).Value
                : name;
            int? found = RowMap.ByName([wanted], theirs)[0];
            if (isChosen && found is null)
                throw new UsageException($"--init-modality {name}={wanted}: '{source.Path}' knows {string.Join(", ", theirs)}");
            yield return found ?? 0;
        }
    }

    /// <summary>Of a file without names: rows of its normalizations.</summary>
    private static int ModalitiesIn(TransferSource source) =>
        source
            .Arrays.Values.Where(array => array.Name.EndsWith(".gamma", StringComparison.Ordinal) && array.Shape.Rank == 2)
            .Select(array => array.Shape[0])
            .DefaultIfEmpty(1)
            .Max();

    /// <summary>"dec1_1" of "dec1_1.m0.kernel".</summary>
    private static string LayerOf(string name) =>
        CopyOf(name) is var (layer, _, _) ? layer
        : name.LastIndexOf('.') is > 0 and var dot ? name[..dot]
        : name;

    /// <summary>A layer's name, the modality whose copy it is, and what of it; null of a layer for all.</summary>
    private static (string Layer, int Copy, string Kind)? CopyOf(string name)
    {
        string[] parts = name.Split('.');
        return
            parts.Length >= 3
            && parts[^2] is ['m', .. var digits]
            && int.TryParse(digits, System.Globalization.CultureInfo.InvariantCulture, out int copy)
            ? (string.Join('.', parts[..^2]), copy, parts[^1])
            : null;
    }
}
