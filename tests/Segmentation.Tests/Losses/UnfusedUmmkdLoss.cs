using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Losses;

/// <summary>
/// The loss written out in elementary operations, one line per formula of Dou et al. 2020 (arXiv:2001.03111): the
/// reference for the fused one.
/// Logits are (samples, positions, classes).
/// </summary>
internal sealed class UnfusedUmmkdLoss(Tape tape, UmmkdLoss settings, Variable logits, byte[] labels, ModalityIndex modality)
{
    private readonly SegmentationLossProblem problem = settings.ProblemOf(logits.Shape, modality);
    private readonly int classes = logits.Shape[^1];

    public Variable Total()
    {
        Variable p = Softmax(logits);
        Variable total = Constant(new Shape(), _ => 0);
        int[] present = [.. Enumerable.Range(0, problem.Modality.Modalities).Where(m => problem.Modality.SamplesOf(m) > 0)];
        foreach (int m in present)
        {
            total = tape.Add(total, tape.Scale(Dice(p, m), settings.Labels.DiceWeight));
            total = tape.Add(total, tape.Scale(CrossEntropy(p, m), settings.Labels.CeWeight));
        }

        bool taught = settings.Distillation.Form == DistillationForm.OneWay;
        (int A, int B)[] pairs =
        [
            .. present.SelectMany(a =>
                present.Where(b => taught ? a == settings.Distillation.Teacher && b != a : a < b).Select(b => (a, b))
            ),
        ];
        foreach ((int a, int b) in pairs)
            total = tape.Add(total, tape.Scale(Distillation(a, b), settings.Distillation.Weight / pairs.Length));
        return total;
    }

    private Variable Dice(Variable p, int m)
    {
        Variable intersection = OverPositions(tape.Multiply(p, OneHot(m)));
        Variable size = OverPositions(tape.Multiply(tape.Multiply(p, p), Mask((i, _) => ModalityAt(i) == m)));
        Variable counts = Constant(new Shape(classes), c => Count(m, c) + 1e-7);
        return tape.Scale(tape.Sum(tape.Divide(intersection, tape.Add(size, counts))), -2.0 / classes);
    }

    private Variable CrossEntropy(Variable p, int m)
    {
        double labelled = Enumerable.Range(0, classes).Sum(c => Count(m, c)),
            positions = (double)problem.Modality.SamplesOf(m) * problem.Positions;
        double[] probabilities = p.Value.ToArray<double>();
        bool IsTrue(int i, int c) => ModalityAt(i) == m && labels[i] == c;
        double Weight(int c) => labelled == 0 ? 0 : (1 - (Count(m, c) / labelled)) / positions;

        // clip(p) is p above the floor and the constant floor below it.
        bool IsClipped(int i, int c) => probabilities[(i * classes) + c] <= problem.ProbabilityFloor;
        Variable free = tape.Multiply(tape.Log(p), Mask((i, c) => IsTrue(i, c) && !IsClipped(i, c), (_, c) => Weight(c)));
        Variable clipped = Mask(
            (i, c) => IsTrue(i, c) && IsClipped(i, c),
            (_, c) => Weight(c) * Math.Log(problem.ProbabilityFloor)
        );
        return tape.Scale(tape.Sum(tape.Add(free, clipped)), -1);
    }

    private Variable Distillation(int a, int b)
    {
        int[] kept =
        [
            .. Enumerable
                .Range(0, classes)
                .Where(c => settings.Distillation.Absent == AbsentClass.Uniform || (Count(a, c) > 0 && Count(b, c) > 0)),
        ];
        Variable sum = Constant(new Shape(), _ => 0);
        foreach (int c in kept)
        {
            (Variable qa, Variable qb) = (Softened(a, c), Softened(b, c));
            sum = tape.Add(sum, Difference(qa, qb));
        }

        return tape.Scale(sum, 1.0 / Math.Max(kept.Length, 1));
    }

    private Variable Difference(Variable qa, Variable qb)
    {
        switch (settings.Distillation.Form)
        {
            case DistillationForm.L2:
                Variable d = tape.Subtract(qa, qb);
                return tape.Scale(tape.Sum(tape.Multiply(d, d)), 0.5);
            case DistillationForm.OneWay:
                return Divergence(Constant(qa.Shape, i => qa.Value.ToArray<double>()[i]), qb);
            default:
                return tape.Scale(tape.Add(Divergence(qa, qb), Divergence(qb, qa)), 0.5);
        }
    }

    /// <summary>softmax(mean logits over the positions of a true class / T).</summary>
    private Variable Softened(int m, int trueClass)
    {
        Variable ofClass = tape.Multiply(logits, Mask((i, _) => ModalityAt(i) == m && labels[i] == trueClass));
        return Softmax(
            tape.Scale(OverPositions(ofClass), 1 / ((Count(m, trueClass) + 1e-6) * settings.Distillation.Temperature))
        );
    }

    /// <summary>KL(q || r) = sum q (log q - log r).</summary>
    private Variable Divergence(Variable q, Variable r) => tape.Sum(tape.Multiply(q, tape.Subtract(tape.Log(q), tape.Log(r))));

    private Variable Softmax(Variable z)
    {
        Variable e = tape.Exp(z);
        int last = z.Shape.Rank - 1;
        return tape.Divide(e, tape.Broadcast(tape.Sum(e, last, 1), z.Shape, last, 1));
    }

    private Variable OverPositions(Variable x) => tape.Sum(x, 0, 2);

    private int ModalityAt(int position) => problem.Modality[position / problem.Positions];

    private double Count(int m, int c) => labels.Where((label, i) => label == c && ModalityAt(i) == m).Count();

    private Variable OneHot(int m) => Mask((i, c) => ModalityAt(i) == m && labels[i] == c);

    private Variable Mask(Func<int, int, bool> chosen, Func<int, int, double>? value = null) =>
        Constant(logits.Shape, j => chosen(j / classes, j % classes) ? value?.Invoke(j / classes, j % classes) ?? 1 : 0);

    private Variable Constant(Shape shape, Func<int, double> value) =>
        new(Tensor.From<double>(tape.Device, shape, [.. Enumerable.Range(0, (int)shape.Count).Select(value)]));
}
