using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Segmentation.Tests.Experiments;

/// <summary>Plans and results that somebody else wrote.</summary>
public sealed class ForeignExperimentTests
{
    private const string Plan = """{"data":"/tmp/d","schemes":["individual","ummkd"],"seeds":[0,1],"folds":2,"judged":"Test"}""";
    private const string Scores = """{"presence":"both","dice":0.5,"predicted_ml":1,"reference_ml":2}""";
    private const string Evaluation =
        """{"cases":[{"id":"ct_0","modality":"CT","scores":{"liver":"""
        + Scores
        + """}},{"id":"mr_0","modality":"MR","scores":{"liver":"""
        + Scores
        + """}}],"tolerance_mm":2}""";

    private readonly TemporaryFolder folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void APlanGivesItsJobs()
    {
        ExperimentPlan plan = Open(Plan);
        Assert.That(
            plan.Jobs.Select(job => job.Name),
            Is.EqualTo(
                (string[])
                    [
                        "individual-seed0-fold0",
                        "ummkd-seed0-fold0",
                        "individual-seed1-fold0",
                        "ummkd-seed1-fold0",
                        "individual-seed0-fold1",
                        "ummkd-seed0-fold1",
                        "individual-seed1-fold1",
                        "ummkd-seed1-fold1",
                    ]
            )
        );
    }

    [Test]
    public void AVariantMayHaveSettingsOfItsOwn()
    {
        ExperimentPlan plan = Open(
            Plan.Replace("individual", "ummkd+loss.kd.weight=2+loss.kd.temperature=1", StringComparison.Ordinal)
        );
        DistillationConfig[] distillation = [.. plan.Jobs.Take(2).Select(job => ((UmmkdConfig)plan.ConfigOf(job).Own).Loss.Kd)];
        Assert.Multiple(() =>
        {
            Assert.That(plan.Jobs[0].Name, Is.EqualTo("ummkd+loss.kd.weight=2+loss.kd.temperature=1-seed0-fold0"));
            Assert.That((distillation[0].Weight, distillation[0].Temperature), Is.EqualTo((2.0, 1.0)));
            Assert.That((distillation[1].Weight, distillation[1].Temperature), Is.EqualTo((0.5, 2.0)));
        });
    }

    [TestCase("\"folds\":2", "\"folds\":2000000000", "2000000000 folds")]
    [TestCase("\"folds\":2", "\"folds\":0", "at least one")]
    [TestCase("\"folds\":2", "\"folds\":-1", "at least one")]
    [TestCase("\"folds\":2", "\"folds\":1e400", "plan.json")]
    [TestCase("[0,1]", "[]", "at least one")]
    [TestCase("[0,1]", "[1,1]", "named twice")]
    [TestCase("[0,1]", "null", "seeds is missing")]
    [TestCase("[0,1]", "[0,1.5]", "plan.json")]
    [TestCase("\"ummkd\"", "\"a\\nb\"", "variant 'a b' is not known")]
    [TestCase("\"ummkd\"", "\"ummkd+loss.kd.weight\"", "'loss.kd.weight' is no setting")]
    [TestCase("\"ummkd\"", "\"ummkd+training.steps=/../../etc\"", "letters, digits")]
    [TestCase("\"ummkd\"", "\"ummkd+training.seed=3\"", "give --seeds")]
    [TestCase("\"ummkd\"", "null", "schemes holds null")]
    [TestCase("\"ummkd\"", "\"individual\"", "named twice")]
    [TestCase("\"Test\"", "\"a\\nb\"", "judged is 'a b'")]
    [TestCase("\"Test\"", "\"17\"", "judged is '17'")]
    [TestCase("\"Test\"", "\"0\"", "judged is '0'")]
    [TestCase("\"Test\"", "null", "judged is ''")]
    [TestCase("\"/tmp/d\"", "null", "data is missing")]
    [TestCase("\"data\"", "\"\\ud800\"", "invalid Unicode")]
    public void WhatIsNoPlanIsRefusedAtOnce(string part, string with, string says) =>
        Assert.That(() => Open(Plan.Replace(part, with, StringComparison.Ordinal)), OneLineNaming("plan.json", says));

    [TestCase("{}", false)]
    [TestCase("""{"parameters":-1,"steps":1,"seconds":1}""", true)]
    [TestCase("""{"parameters":1,"steps":1,"seconds":"NaN"}""", true)]
    [TestCase("""{"parameters":1,"steps":1,"seconds":1e400}""", true)]
    [TestCase("null", true)]
    public void AResultIsANumberOrRefused(string text, bool isRefused)
    {
        File.WriteAllText(folder.File("result.json"), text);
        if (isRefused)
            Assert.That(() => JobResult.Read(folder.Path), OneLineNaming("result.json", ""));
        else
            Assert.That(JobResult.Read(folder.Path), Is.EqualTo(new JobResult(0, 0, 0)));
    }

    [Test]
    public void AnEvaluationReadsBack()
    {
        EvaluationReport report = ReadEvaluation(Evaluation);
        Assert.That(
            (report.Organs.Single(), report.MeanDice["CT"], report.ToleranceMm),
            Is.EqualTo(("liver", (double?)0.5, (double?)2))
        );
    }

    [TestCase("\"ct_0\"", "\"../../../etc/passwd\"")]
    [TestCase("\"ct_0\"", "null")]
    [TestCase("\"mr_0\"", "\"/dev/zero\"")]
    [TestCase("\"MR\"", "null")]
    [TestCase(
        "\"id\":\"mr_0\",\"modality\":\"MR\",\"scores\":{\"liver\"",
        "\"id\":\"mr_0\",\"modality\":\"MR\",\"scores\":{\"spleen\""
    )]
    [TestCase("{\"id\":\"ct_0\"", "null,{\"id\":\"ct_0\"")]
    [TestCase("{\"liver\":" + Scores + "}}]", "null}]")]
    [TestCase(Scores + "}}]", "null}}]")]
    public void ACaseWithoutNameOrScoresIsRefused(string part, string with) =>
        Assert.That(
            () => ReadEvaluation(Evaluation.Replace(part, with, StringComparison.Ordinal)),
            OneLineNaming("evaluation.json", "cases[")
        );

    private ExperimentPlan Open(string plan)
    {
        File.WriteAllText(folder.File("config.yaml"), "training:\n  steps: 5\n");
        File.WriteAllText(folder.File("plan.json"), plan);
        return ExperimentPlan.Open(folder.Path);
    }

    private EvaluationReport ReadEvaluation(string text)
    {
        File.WriteAllText(folder.File("evaluation.json"), text);
        return EvaluationFiles.ReadJson(folder.File("evaluation.json"));
    }

    private static NUnit.Framework.Constraints.Constraint OneLineNaming(string name, string says) =>
        Throws
            .TypeOf<InvalidDataException>()
            .With.Message.Contains(name)
            .And.Message.Contains(says)
            .And.Message.Not.Contains("\n");
}
