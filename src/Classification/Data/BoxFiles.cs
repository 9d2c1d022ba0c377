using System.Text.Json;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>
/// Proposals (proposals.csv: file,x1,y1,x2,y2,score, or proposals.json: {"file": [[x1, y1, x2, y2, score], ...]}) and places of
/// objects (objects.csv: file,x1,y1,x2,y2,label) beside the labels of a dataset.
/// </summary>
internal sealed class BoxFiles
{
    /// <summary>Names of the files.</summary>
    public const string ProposalsCsv = "proposals.csv",
        ProposalsJson = "proposals.json",
        ObjectsCsv = "objects.csv";

    private readonly Dictionary<string, List<(BoxProposal Proposal, string Where)>> proposals = [];
    private readonly Dictionary<string, List<(ObjectBox Object, string Where)>> objects = [];

    private BoxFiles() { }

    /// <summary>Those of a folder; none where it has no such files.</summary>
    public static BoxFiles Read(string folder, IReadOnlyList<string> classNames)
    {
        var boxes = new BoxFiles();
        string csv = Path.Combine(folder, ProposalsCsv),
            json = Path.Combine(folder, ProposalsJson),
            objectsCsv = Path.Combine(folder, ObjectsCsv);
        if (File.Exists(csv) && File.Exists(json))
            throw new InvalidDataException($"'{folder}': has both {ProposalsCsv} and {ProposalsJson}; keep one of them");
        if (File.Exists(csv))
            boxes.ReadCsv(csv);
        if (File.Exists(json))
            boxes.ReadJson(json);
        if (File.Exists(objectsCsv))
            boxes.ReadObjects(objectsCsv, classNames);
        return boxes;
    }

    /// <summary>An image with its boxes.</summary>
    /// <exception cref="InvalidDataException">A box does not lie within the image.</exception>
    public LabelledImage AddTo(LabelledImage image, ImageShape shape)
    {
        var ownProposals = proposals.GetValueOrDefault(image.Name) ?? [];
        var ownObjects = objects.GetValueOrDefault(image.Name) ?? [];
        foreach ((ImageBox box, string where) in ownProposals.Select(p => (p.Proposal.Box, p.Where)))
            Require(box, where);
        foreach ((ImageBox box, string where) in ownObjects.Select(o => (o.Object.Box, o.Where)))
            Require(box, where);
        return image with
        {
            Proposals = [.. ownProposals.Select(p => p.Proposal)],
            Objects = [.. ownObjects.Select(o => o.Object)],
        };

        void Require(ImageBox box, string where)
        {
            if (box.Problem(shape) is { } problem)
                throw new InvalidDataException($"{where}: {problem}");
        }
    }

    /// <summary>Refuses boxes of files that no label was given for.</summary>
    public void RequireKnown(IEnumerable<string> files)
    {
        HashSet<string> known = [.. files];
        foreach (
            (string file, string where) in proposals
                .Select(p => (p.Key, p.Value[0].Where))
                .Concat(objects.Select(o => (o.Key, o.Value[0].Where)))
        )
        {
            if (!known.Contains(file))
                throw new InvalidDataException($"{where}: '{OneLine.Of(file)}' is no image of the dataset");
        }
    }

    private void ReadCsv(string path)
    {
        foreach (CsvRows.Row row in CsvRows.Open(path).Select("file", "x1", "y1", "x2", "y2", "score"))
            Add(proposals, row.Fields[0], (new BoxProposal(BoxOf(row), row.Number(5)), $"'{path}', line {row.Line}"));
    }

    private void ReadObjects(string path, IReadOnlyList<string> classNames)
    {
        List<string> names = [.. classNames];
        foreach (CsvRows.Row row in CsvRows.Open(path).Select("file", "x1", "y1", "x2", "y2", "label"))
        {
            int label = names.IndexOf(row.Fields[5]);
            if (label < 0)
                throw row.Refuse($"'{row.Fields[5]}' is no class; there are {string.Join(", ", names)}");
            Add(objects, row.Fields[0], (new ObjectBox(BoxOf(row), label), $"'{path}', line {row.Line}"));
        }
    }

    private void ReadJson(string path)
    {
        var stored = JsonFile.Read<Dictionary<string, float[][]>>(path, JsonSerializerOptions.Web);
        foreach ((string file, float[][] rows) in stored)
        {
            foreach ((int i, float[] row) in (rows ?? []).Index())
            {
                string where = $"'{path}', {OneLine.Of(file)}[{i}]";
                if (row is not [var x1, var y1, var x2, var y2, var score] || !row.All(float.IsFinite))
                    throw new InvalidDataException($"{where}: is no list of x1, y1, x2, y2 and score");
                Add(proposals, file, (new BoxProposal(new ImageBox(x1, y1, x2, y2), score), where));
            }
        }
    }

    private static ImageBox BoxOf(CsvRows.Row row) => new(row.Number(1), row.Number(2), row.Number(3), row.Number(4));

    private static void Add<T>(Dictionary<string, List<T>> boxes, string file, T box)
    {
        if (!boxes.TryGetValue(file, out List<T>? own))
            boxes.Add(file, own = []);
        own.Add(box);
    }
}
