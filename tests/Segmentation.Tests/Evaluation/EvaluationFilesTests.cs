using System.Globalization;
using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Segmentation.Tests.Evaluation;

/// <summary>Reports say what their means leave out.</summary>
internal sealed class EvaluationFilesTests
{
    private static readonly string[] Organs = ["left|right lobe", "spleen"];
    private static readonly Geometry Grid = new(3, 4, 12, Affine.Diagonal(new(1, 1, 1), default));

    [Test]
    public void Penalized_distances_take_the_diagonal_and_found_ones_leave_out()
    {
        EvaluationReport report = Report();
        OrganSummary lobe = report.Summary["CT"][Organs[0]];
        Assert.That((lobe.Missed, lobe.Hallucinated, lobe.Absent), Is.EqualTo((1, 1, 0)));
        Assert.That((lobe.Scores["hd95_mm"].Mean, lobe.Scores["hd95_mm"].Cases), Is.EqualTo((2d, 1)));
        Assert.That(
            lobe.Scores["hd95_penalized_mm"].Mean,
            Is.EqualTo((2 + 13 + 13) / 3d).Within(1e-12),
            "the diagonal of 3 x 4 x 12 mm is 13 mm"
        );
        Assert.That(lobe.Scores["assd_penalized_mm"].Mean, Is.EqualTo((2 + 13 + 13) / 3d).Within(1e-12));
        Assert.That(lobe.Scores["hd_penalized_mm"].Mean, Is.EqualTo((2 + 13 + 13) / 3d).Within(1e-12));
        Assert.That(lobe.Scores["nsd"].Mean, Is.EqualTo(1 / 3d).Within(1e-12));
        Assert.That(
            (report.Summary["CT"]["spleen"].Absent, report.Summary["CT"]["spleen"].Scores["hd95_penalized_mm"].Mean),
            Is.EqualTo((3, (double?)null))
        );
    }

    [Test]
    public void Cases_stand_in_the_order_of_their_names() =>
        Assert.That(Report().Cases.Select(c => c.Id), Is.EqualTo(new[] { "ct_01", "ct_02", "ct_03" }));

    [Test]
    public void Every_format_counts_and_labels()
    {
        using var folder = new TemporaryFolder();
        string json = Path.Combine(folder.Path, "r.json"),
            csv = Path.Combine(folder.Path, "r.csv"),
            markdown = Path.Combine(folder.Path, "r.md");
        EvaluationReport report = Report();
        EvaluationFiles.WriteJson(report, json);
        EvaluationFiles.WriteCsv(report, csv);
        EvaluationFiles.WriteMarkdown(report, markdown);

        using JsonDocument parsed = JsonDocument.Parse(File.ReadAllText(json));
        JsonElement lobe = parsed.RootElement.GetProperty("summary").GetProperty("CT").GetProperty(Organs[0]);
        Assert.That((lobe.GetProperty("missed").GetInt32(), lobe.GetProperty("hallucinated").GetInt32()), Is.EqualTo((1, 1)));
        Assert.That(
            parsed.RootElement.GetProperty("definitions").GetProperty("hd95_penalized_mm").GetString(),
            Does.Contain("diagonal")
        );
        Assert.That(
            EvaluationFiles.ReadJson(json).Summary["CT"][Organs[0]].Scores["hd95_penalized_mm"],
            Is.EqualTo(report.Summary["CT"][Organs[0]].Scores["hd95_penalized_mm"])
        );

        string[] header = File.ReadLines(csv).First().Split(','),
            missed = File.ReadLines(csv).Skip(3).First().Split(',');
        Assert.That(missed[0..4], Is.EqualTo(new[] { "ct_02", "CT", Organs[0], "missed" }));
        Assert.That(missed[Array.IndexOf(header, "hd95_mm")], Is.Empty);
        Assert.That(
            double.Parse(missed[Array.IndexOf(header, "hd95_penalized_mm")], CultureInfo.InvariantCulture),
            Is.EqualTo(13).Within(1e-12)
        );
        Assert.That(
            File.ReadAllText(markdown),
            Does.Contain("hd95_mm (found only)")
                .And.Contain(@"| left\|right lobe |")
                .And.Contain("| missed | hallucinated | absent |")
        );
    }

    /// <summary>A voxel of the first organ: found 2 mm off, missed, hallucinated.</summary>
    private static EvaluationReport Report() =>
        new(
            [
                Case("ct_03", predicted: 1, actual: null),
                Case("ct_01", predicted: 6, actual: 4),
                Case("ct_02", predicted: null, actual: 4),
            ],
            Organs,
            tolerance: 2
        );

    private static CaseResult Case(string id, int? predicted, int? actual)
    {
        Volume<byte> prediction = new(Grid),
            reference = new(Grid);
        if (predicted is { } p)
            prediction[1, 1, p] = 1;
        if (actual is { } a)
            reference[1, 1, a] = 1;
        return CaseResult.Of(id, "CT", prediction, reference, Organs, tolerance: 2);
    }
}
