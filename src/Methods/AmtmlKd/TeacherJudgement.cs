using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Methods.Images;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>Whether the teachers' weights tell which of them is right.</summary>
/// <param name="predictor">Brings images to the student.</param>
/// <param name="student">Whose features decide.</param>
/// <param name="teachers">At least two.</param>
/// <param name="adapter">Weighs them.</param>
internal sealed class TeacherJudgement(
    ClassPredictor predictor,
    Classifier student,
    IReadOnlyList<ImageTeacher> teachers,
    TeacherAdapter adapter
)
{
    /// <summary>
    /// "weights_auc": the probability that a teacher who is right about an image weighs more than one who is not, of another image
    /// or the same; one half says nothing. "weights_entropy": the mean over images of the weights' entropy, as a share of that of
    /// equal weights.
    /// </summary>
    /// <param name="images">Of one label each.</param>
    /// <param name="stop">Looked at before each batch.</param>
    public IEnumerable<KeyValuePair<string, double>> Of(ImageSet images, CancellationToken stop)
    {
        IReadOnlyList<float[]> weights = predictor.Compute(
            images,
            (context, batch) => adapter.Weights(context.Tape, student.ForwardTo(context, batch, student.Vector)),
            stop
        );
        IReadOnlyList<float[]>[] logits = [.. teachers.Select(teacher => teacher.Logits(images, stop))];
        var judged = new List<(float Weight, bool IsRight)>();
        double entropy = 0;
        for (int i = 0; i < images.Count; i++)
        {
            foreach ((int t, float weight) in weights[i].Index())
            {
                entropy -= weight > 0 ? weight * Math.Log(weight) : 0;
                judged.Add((weight, Array.IndexOf(logits[t][i], logits[t][i].Max()) == images.Label(i)));
            }
        }

        return
        [
            new("weights_auc", AreaUnderCurve(judged)),
            new("weights_entropy", entropy / images.Count / Math.Log(teachers.Count)),
        ];
    }

    /// <summary>Mann and Whitney's statistic: equals count half. NaN where all or none are right.</summary>
    internal static double AreaUnderCurve(IReadOnlyCollection<(float Weight, bool IsRight)> judged)
    {
        double below = 0,
            pairs = 0;
        foreach (var group in judged.GroupBy(one => one.Weight).OrderBy(group => group.Key))
        {
            int right = group.Count(one => one.IsRight),
                wrong = group.Count() - right;
            pairs += right * (below + (0.5 * wrong));
            below += wrong;
        }

        double all = below * (judged.Count - below);
        return all == 0 ? double.NaN : pairs / all;
    }
}
