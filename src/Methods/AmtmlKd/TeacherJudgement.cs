using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>Whether the teachers' weights tell which of them is right.</summary>
/// <param name="backend">Computes.</param>
/// <param name="model">How images are prepared.</param>
/// <param name="student">Whose features decide.</param>
/// <param name="teachers">At least two.</param>
/// <param name="adapter">Weighs them.</param>
internal sealed class TeacherJudgement(
    Backend backend,
    ClassifierDescription model,
    Classifier student,
    IReadOnlyList<ImageTeacher> teachers,
    TeacherAdapter adapter
)
{
    private const int Batch = 256;

    /// <summary>
    /// "weights_auc": the probability that a teacher who is right about an image weighs more than one who is not, of another image
    /// or the same; one half says nothing. "weights_entropy": the mean over images of the weights' entropy, as a share of that of
    /// equal weights.
    /// </summary>
    /// <param name="images">Of one label each.</param>
    /// <param name="stop">Looked at before each batch.</param>
    public IEnumerable<KeyValuePair<string, double>> Of(ImageSet images, CancellationToken stop)
    {
        var judged = new List<(float Weight, bool IsRight)>();
        double entropy = 0;
        for (int first = 0; first < images.Count; first += Batch)
        {
            stop.ThrowIfCancellationRequested();
            int count = Math.Min(Batch, images.Count - first);
            (float[] weights, int[][] chosen) = Look(images, first, count);
            for (int i = 0; i < count; i++)
            {
                for (int t = 0; t < teachers.Count; t++)
                {
                    float weight = weights[(i * teachers.Count) + t];
                    entropy -= weight > 0 ? weight * Math.Log(weight) : 0;
                    judged.Add((weight, chosen[t][i] == images.Label(first + i)));
                }
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

    /// <summary>Weights (images, teachers), and by teacher the class that it chooses.</summary>
    private (float[] Weights, int[][] Chosen) Look(ImageSet images, int first, int count)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        ImageShape shape = images.Shape;
        float[] pixels = new float[count * shape.Length];
        for (int i = 0; i < count; i++)
            model.Normalization.Apply(images.Pixels(first + i), pixels.AsSpan(i * shape.Length, shape.Length));
        var context = new ForwardContext(new Tape(backend, recording: false));
        Variable batch = context.Tape.Input(new Shape(count, 1, shape.Height, shape.Width, shape.Channels), pixels);
        Variable weights = adapter.Weights(context.Tape, student.ForwardTo(context, batch, student.Vector));
        return (
            weights.Value.ToArray<float>(),
            [
                .. teachers.Select(teacher =>
                    teacher
                        .Look(backend, batch)
                        .Value.ToArray<float>()
                        .Chunk(teacher.Network.Classes)
                        .Select(row => Array.IndexOf(row, row.Max()))
                        .ToArray()
                ),
            ]
        );
    }
}
