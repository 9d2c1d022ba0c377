using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>What a convolution does to its input while it reads it: dropout, normalization and leaky ReLU.</summary>
/// <param name="Problem">Sizes, kind, slope and dropout.</param>
/// <param name="Mean">(rows, groups).</param>
/// <param name="Variance">(rows, groups), biased.</param>
/// <param name="Gamma">(modalities, channels).</param>
/// <param name="Beta">(modalities, channels).</param>
/// <param name="OfInput">Whether mean and variance are the input's own (training), which gradients flow through; else
/// constants.</param>
/// <param name="IsOwned">Whether the operation frees mean and variance after its backward pass; those that several operations
/// read are the scope's.</param>
public sealed record NormalizedInput(
    NormalizationProblem Problem,
    Tensor Mean,
    Tensor Variance,
    Variable Gamma,
    Variable Beta,
    bool OfInput,
    bool IsOwned = true
)
{
    private readonly KeptCoefficients kept = new();

    internal Tensor[] Saved => OfInput && IsOwned ? [Mean, Variance, .. Coefficients] : [];

    internal InputNormalization Values => new(Problem, Mean, Variance, Gamma.Value, Beta.Value) { Kept = kept };

    private Tensor[] Coefficients => kept.Values is { } values ? [values] : [];
}

/// <summary>One of the tensors whose channels, side by side, are the input of a convolution.</summary>
/// <param name="X">(N, D, H, W, its channels).</param>
/// <param name="Input">How it is normalized on load; null to take it as it is.</param>
public sealed record ConvolutionPart(Variable X, NormalizedInput? Input = null)
{
    internal int Channels => X.Shape[^1];
}

/// <summary>
/// y = leakyReLU(normalize(dropout(x))) * w in one operation. The normalized input is never stored: only x and its statistics are
/// kept, and both gradients recompute
/// what they need on load. The input may come in parts, each with a normalization of its own: their concatenation is never made,
/// since the convolution of it is the
/// sum of the parts' convolutions with their shares of the weights.
/// </summary>
public static class NormalizedConvolution
{
    /// <param name="tape">Records the operation.</param>
    /// <param name="problem">Sizes of the convolution; its input channels are those of all parts together.</param>
    /// <param name="parts">The input, in the order of its channels.</param>
    /// <param name="w">(kd, kh, kw, C, K).</param>
    /// <param name="bias">(K), if given.</param>
    /// <param name="statistics">Receives the statistics of y that its reader will normalize by, if given; those of y before it is
    /// rounded to its type.</param>
    /// <param name="type">Element type of y, such as <see cref="Backend.ActivationType"/> says; that of the weights if not
    /// given.</param>
    public static Variable ConvolveNormalized(
        this Tape tape,
        ConvolutionProblem problem,
        IReadOnlyList<ConvolutionPart> parts,
        Variable w,
        Variable? bias = null,
        OutputStatistics? statistics = null,
        DType? type = null
    )
    {
        problem.Validate();
        if (parts.Sum(part => part.Channels) != problem.InputChannels)
            throw new ArgumentException(
                $"parts of {string.Join(" + ", parts.Select(part => part.Channels))} channels for a convolution of "
                    + $"{problem.InputChannels}"
            );
        tape.RequireFirstOrder("normalized convolution");
        Tensor y = tape.Allocate(problem.OutputShape, type ?? w.DType);
        ForEachPart(
            parts,
            (part, from, i) =>
            {
                part.Input?.Problem.Validate();
                using Share share = Share.Of(tape, w, from, part.Channels);
                tape.Backend.FusedConvolutionForward(
                    OfPart(problem, part),
                    part.Input?.Values,
                    part.X.Value,
                    share.Weights,
                    i == 0 ? bias?.Value : null,
                    y,
                    i == parts.Count - 1 ? statistics : null,
                    accumulate: i > 0
                );
            }
        );

        Variable[] inputs =
        [
            .. parts.SelectMany(part => part.Input is { } input ? new[] { part.X, input.Gamma, input.Beta } : [part.X]),
            w,
            .. bias is null ? Array.Empty<Variable>() : [bias],
        ];
        return tape.Record(
            "normalized convolution",
            y,
            inputs,
            Backward,
            saved: [.. parts.SelectMany(part => part.Input?.Saved ?? [])]
        );

        Variable?[] Backward(Variable gy, ReadOnlySpan<bool> wanted)
        {
            tape.RequireFirstOrder("normalized convolution");
            bool[] wants = wanted.ToArray();
            var gradients = new List<Variable?>();
            int weights = inputs.Length - (bias is null ? 1 : 2);
            Tensor? gw = wants[weights] ? tape.Allocate(w.Shape, w.DType) : null;
            ForEachPart(
                parts,
                (part, from, _) =>
                {
                    ConvolutionProblem own = OfPart(problem, part);
                    using Share share = Share.Of(tape, w, from, part.Channels);
                    using Share? gradient = gw is null ? null : Share.For(tape, gw, from, part.Channels);
                    int first = gradients.Count;
                    ReadOnlySpan<bool> ofPart = wants.AsSpan(first, part.Input is null ? 1 : 3);
                    gradients.AddRange(BackwardPart(tape, own, part, gy, share.Weights, gradient?.Weights, ofPart));
                    gradient?.Store();
                }
            );
            gradients.Add(gw is null ? null : new Variable(gw));
            if (bias is not null)
                gradients.Add(wants[^1] ? tape.Sum(tape.Convert(gy, bias.DType), 0, 4) : null);
            return [.. gradients];
        }
    }

    /// <summary>
    /// Computes <paramref name="gw"/> where there is one, and returns the wanted gradients: of the part's x, and where it is
    /// normalized of gamma and beta.
    /// </summary>
    private static Variable?[] BackwardPart(
        Tape tape,
        ConvolutionProblem problem,
        ConvolutionPart part,
        Variable gy,
        Tensor w,
        Tensor? gw,
        ReadOnlySpan<bool> wanted
    )
    {
        Variable x = part.X;
        Tensor? gx = wanted[0] ? tape.Allocate(x.Shape, x.DType) : null;
        if (part.Input is not { } input)
        {
            tape.Backend.FusedConvolutionBackward(problem, null, x.Value, gy.Value, w, gw, gx);
            return [Wrap(gx)];
        }

        Tensor? ggamma = wanted[1] ? tape.Allocate(input.Gamma.Shape, input.Gamma.DType) : null;
        Tensor? gbeta = wanted[2] ? tape.Allocate(input.Beta.Shape, input.Beta.DType) : null;
        bool throughInput = gx is not null || ggamma is not null || gbeta is not null;
        // The gradient of the normalized input lies where that of the input will.
        using Tensor? temporary = throughInput && gx is null ? tape.Allocate(x.Shape, x.DType).Detach() : null;
        Tensor? gnormalized = gx ?? temporary;
        tape.Backend.FusedConvolutionBackward(problem, input.Values, x.Value, gy.Value, w, gw, gnormalized);
        if (gnormalized is not null)
            tape.Backend.FusedNormalizationBackward(input.Values, input.OfInput, gnormalized, x.Value, gx, ggamma, gbeta);
        return [Wrap(gx), Wrap(ggamma), Wrap(gbeta)];
    }

    private static void ForEachPart(IReadOnlyList<ConvolutionPart> parts, Action<ConvolutionPart, int, int> action)
    {
        for (int i = 0, from = 0; i < parts.Count; from += parts[i].Channels, i++)
            action(parts[i], from, i);
    }

    private static ConvolutionProblem OfPart(ConvolutionProblem problem, ConvolutionPart part) =>
        problem with
        {
            InputChannels = part.Channels,
        };

    private static Variable? Wrap(Tensor? tensor) => tensor is null ? null : new Variable(tensor);

    /// <summary>
    /// A part's share of the weights: the weights themselves where there is one part, else a copy of some of their input
    /// channels.
    /// </summary>
    private sealed class Share : IDisposable
    {
        private const int InputChannels = 3;

        private readonly Tape tape;
        private readonly Tensor whole;
        private readonly int from;

        private Share(Tape tape, Tensor whole, int from, int channels)
        {
            (this.tape, this.whole, this.from) = (tape, whole, from);
            Shape shape = whole.Shape;
            Weights =
                channels == shape[3]
                    ? whole
                    : tape.Allocate(new Shape(shape[0], shape[1], shape[2], channels, shape[4]), whole.DType).Detach();
        }

        public Tensor Weights { get; }

        private bool IsWhole => Weights == whole;

        public static Share Of(Tape tape, Variable w, int from, int channels)
        {
            var share = new Share(tape, w.Value, from, channels);
            if (!share.IsWhole)
                tape.Backend.CopyRange(InputChannels, share.whole, from, share.Weights, 0, channels);
            return share;
        }

        /// <summary>Room for a share, which <see cref="Store"/> puts in its place.</summary>
        public static Share For(Tape tape, Tensor gw, int from, int channels) => new(tape, gw, from, channels);

        public void Store()
        {
            if (!IsWhole)
                tape.Backend.CopyRange(InputChannels, Weights, 0, whole, from, Weights.Shape[3]);
        }

        public void Dispose()
        {
            if (!IsWhole)
                Weights.Dispose();
        }
    }
}
