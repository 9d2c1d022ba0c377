using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Segmentation.Tests.Experiments;

internal sealed class RunScoresTests
{
    private static readonly string[] Organs = ["liver", "spleen"];

    [Test]
    public void Scores_are_of_runs_by_modality_and_organ()
    {
        var scores = RunScores.Of([Run(Case("CT", liver: 2, spleen: 1)), Run(Case("CT", liver: 1, spleen: 1), Case("MR", 2, 2))]);
        Assert.That(scores.Keys, Is.EqualTo(new[] { "CT", "MR" }));
        Assert.That(scores["CT"].Keys, Is.EqualTo(new[] { "liver", "spleen", "mean" }));

        // Of two voxels, one found: Dice is 2 * 1 / (1 + 2).
        RunScores liver = scores["CT"]["liver"];
        Assert.That(liver.Runs, Is.EqualTo(new double?[] { 1, 2 / 3.0 }).Within(1e-12));
        Assert.That(liver.Mean, Is.EqualTo(5 / 6.0).Within(1e-12));
        Assert.That(liver.Deviation, Is.EqualTo(1 / 6.0).Within(1e-12));
        Assert.That(scores["CT"]["mean"].Runs, Is.EqualTo(new double?[] { 5 / 6.0, 2 / 3.0 }).Within(1e-12));

        RunScores single = scores["MR"]["mean"];
        Assert.That((single.Mean, single.Deviation, single.Runs.Count), Is.EqualTo((1.0, 0.0, 1)));
    }

    private static EvaluationReport Run(params CaseResult[] cases) => new(cases, Organs);

    /// <summary>References have two voxels of each organ; so many of them are found.</summary>
    private static CaseResult Case(string modality, int liver, int spleen)
    {
        var grid = new Geometry(4, 2, 1, Affine.Diagonal(new Vector3d(1, 1, 1), new Vector3d(0, 0, 0)));
        Volume<byte> prediction = new(grid),
            reference = new(grid);
        foreach ((int organ, int found) in new[] { liver, spleen }.Index())
        {
            for (int x = 0; x < 2; x++)
            {
                reference[x, organ, 0] = (byte)(organ + 1);
                prediction[x, organ, 0] = x < found ? (byte)(organ + 1) : (byte)0;
            }
        }

        return CaseResult.Of($"{modality}_0", modality, prediction, reference, Organs, tolerance: null);
    }
}
