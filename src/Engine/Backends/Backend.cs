using UnpairedSegEngine.Backends.Profiling;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// The contract: every operation that a device must offer, on tensors of float32 or float64 unless said otherwise. Where an
/// operation says so, some of its float32 tensors may be stored as bfloat16: it computes in float32 from them, and rounds what it
/// leaves there once, to nearest even.
/// Outputs are allocated by the caller and overwritten whole; inputs and outputs must not overlap except where said. Results
/// depend on nothing but
/// the arguments: not on thread count or timing. Feature maps are (batch, depth, height, width, channels).
/// </summary>
public abstract class Backend(Device device) : IDisposable
{
    /// <summary>Where its tensors lie; not owned.</summary>
    public Device Device { get; } = device;

    /// <summary>Short description for logs, such as "cpu avx512 x2".</summary>
    public abstract string Description { get; }

    /// <summary>What computes, without how many threads of it: results are the same bits on the same processor.</summary>
    public virtual string Processor => Description;

    /// <summary>Records work to do it again at less cost; null where that gains nothing.</summary>
    public virtual IWorkRecorder? Recorder => null;

    /// <summary>
    /// Whether a fused convolution of x, and its weight gradient, are operations of their own here, not the sequence of their
    /// parts.
    /// </summary>
    public virtual bool FusesConvolution(ConvolutionProblem problem, InputNormalization? input, Tensor x) => false;

    /// <summary>
    /// How results of convolutions are stored that normalizations, or the branch of a residual sum, read, and their gradients: as
    /// bfloat16 where the arithmetic is no more precise, else in the type that they are computed in.
    /// </summary>
    /// <param name="computed">Element type of the weights.</param>
    public virtual DType ActivationType(DType computed) => computed;

    /// <summary>
    /// Of the float32 operations of a device: whether those that may be given bfloat16 tensors read and write them. They are
    /// converted around an operation where it does not (<see cref="Widening"/>).
    /// </summary>
    internal virtual bool TakesBFloat16 => false;

    /// <summary>The device's peaks by its clocks and units; null where they are to be measured.</summary>
    public virtual DevicePeaks? Peaks => null;

    /// <summary>A clock for this backend's operations.</summary>
    /// <param name="kernels">Also of the kernels within them; each costs about a microsecond more.</param>
    public virtual OperationClock CreateClock(bool kernels = true) => new HostClock();

    // ---- Elementwise ----

    /// <summary>y = value everywhere; any element type.</summary>
    public abstract void Fill(Tensor y, double value);

    /// <summary>
    /// y = x, converting between float32, float64 and bfloat16 where the types differ (to bfloat16: round to nearest even).
    /// </summary>
    public abstract void Convert(Tensor x, Tensor y);

    /// <summary>y = function(a, b), all of one shape; y may be a or b. A sum may be of bfloat16 alone.</summary>
    public abstract void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y);

    /// <summary>y = function(x); y may be x.</summary>
    public abstract void Unary(UnaryFunction function, Tensor x, Tensor y);

    /// <summary>y = scale * x + offset; y may be x.</summary>
    public abstract void Affine(Tensor x, double scale, double offset, Tensor y);

    /// <summary>y = x where x >= 0, slope * x below; y may be x.</summary>
    public abstract void LeakyReluForward(Tensor x, double slope, Tensor y);

    /// <summary>gx = gy where x >= 0, slope * gy below; gx may be gy.</summary>
    public abstract void LeakyReluBackward(Tensor gy, Tensor x, double slope, Tensor gx);

    /// <summary>
    /// y = dropout(x); its own adjoint; y may be x. y may be bfloat16, and x where y is.
    /// </summary>
    public abstract void Dropout(Tensor x, DropoutMask mask, Tensor y);

    // ---- Reduction, broadcast, copies ----

    /// <summary>
    /// x seen as (outer, reduced, inner), y as (outer, inner): y = sum of x over the middle, in an order fixed by the shape.
    /// </summary>
    public abstract void Sum(Tensor x, int outer, int reduced, int inner, Tensor y);

    /// <summary>x seen as (outer, inner), y as (outer, repeated, inner): the adjoint of <see cref="Sum"/>.</summary>
    public abstract void Broadcast(Tensor x, int outer, int repeated, int inner, Tensor y);

    /// <summary>
    /// Copies <paramref name="count"/> channels (last axis) of each position from x, beginning at <paramref name="xStart"/>, to y
    /// at <paramref name="yStart"/>; the other channels of y stay. Both may be bfloat16.
    /// </summary>
    public abstract void CopyChannels(Tensor x, int xStart, Tensor y, int yStart, int count);

    /// <summary>y = op(a) op(b) for matrices (rows, columns), op transposing where asked.</summary>
    public abstract void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y);

    /// <summary>
    /// x seen as (outer, reduced, inner), y as (outer, inner): y = maximum of x over the middle, <paramref name="index"/> (int32,
    /// as y) = place of the first element that has it. A NaN counts as greater than every number.
    /// </summary>
    public abstract void Max(Tensor x, int outer, int reduced, int inner, Tensor y, Tensor index);

    /// <summary>
    /// x seen as (outer, extent, inner), y and <paramref name="index"/> (int32 or uint8) as (outer, inner): y = the element of x
    /// at that index, zero where the index is not in [0, extent).
    /// </summary>
    public abstract void Gather(Tensor x, Tensor index, int outer, int extent, int inner, Tensor y);

    /// <summary>x: y at the indices, zero elsewhere: the adjoint of <see cref="Gather"/>.</summary>
    public abstract void Scatter(Tensor y, Tensor index, int outer, int extent, int inner, Tensor x);

    /// <summary>y = softmax of x, seen as (outer, classes, inner), over the classes, with the maximum subtracted.</summary>
    public abstract void Softmax(Tensor x, int outer, int classes, int inner, Tensor y);

    /// <summary>y = the logarithm of <see cref="Softmax"/>, which does not underflow.</summary>
    public abstract void LogSoftmax(Tensor x, int outer, int classes, int inner, Tensor y);

    // ---- Convolution ----

    /// <summary>
    /// y = x * w (+ bias per output channel), as <see cref="ConvolutionProblem"/> says; with <paramref name="accumulate"/> that
    /// is added to y. x and y may be bfloat16, each by itself.
    /// </summary>
    public abstract void ConvolutionForward(
        ConvolutionProblem problem,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        bool accumulate = false
    );

    /// <summary>
    /// gx: the gradient for the input, of which the forward pass is the adjoint. gy and gx may be bfloat16, each by itself.
    /// </summary>
    public abstract void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx);

    /// <summary>gw: the gradient for the weights. x and gy may be bfloat16, each by itself.</summary>
    public abstract void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw);

    /// <summary>
    /// y = normalize(x) * w (+ bias) (+ y with <paramref name="accumulate"/>), and statistics of y where asked. What is computed
    /// is what the single operations compute; a device that can
    /// normalizes on load. The statistics are those of the results before they are stored. x and y may be bfloat16, each by
    /// itself.
    /// </summary>
    public virtual void FusedConvolutionForward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        OutputStatistics? statistics,
        bool accumulate = false
    )
    {
        WithNormalized(input, x, normalized => ConvolutionForward(problem, normalized, w, bias, y, accumulate));
        if (statistics is not null)
            NormalizationStatistics(statistics.Problem, y, statistics.Mean, statistics.Variance);
    }

    /// <summary>
    /// Gradients of a convolution of normalize(x): gw for the weights, gx for normalize(x); either may be left out. What is
    /// computed is what the single operations compute; a device can prepare <paramref name="gy"/> once for both. x, gy and gx may
    /// be bfloat16, each by itself.
    /// </summary>
    public virtual void FusedConvolutionBackward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor gy,
        Tensor w,
        Tensor? gw,
        Tensor? gx
    )
    {
        if (gw is not null)
            WithNormalized(input, x, normalized => ConvolutionBackwardWeights(problem, normalized, gy, gw));
        if (gx is not null)
            ConvolutionBackwardData(problem, gy, w, gx);
    }

    // ---- Pooling, RoiPooling, PixelShuffle ----

    /// <summary>
    /// y = maximum of each window; <paramref name="choice"/> (uint8, shape of y) = index of the first maximum in the window,
    /// depth-major.
    /// </summary>
    public abstract void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice);

    /// <summary>gx: gy at the chosen elements, zero elsewhere; overlapping windows add.</summary>
    public abstract void MaxPoolBackward(PoolingProblem problem, Tensor gy, Tensor choice, Tensor gx);

    /// <summary>y = mean of the window's elements inside the image.</summary>
    public abstract void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y);

    /// <summary>gx: each gy in equal shares to the elements of its window inside the image.</summary>
    public abstract void AveragePoolBackward(PoolingProblem problem, Tensor gy, Tensor gx);

    /// <summary>
    /// y (R, 1, P, P, C) = score * maximum over each bin of each of R regions of x (N, 1, H, W, C); <paramref name="choice"/>
    /// (int32, shape of y) = place h W + w of the first maximum in its map, -1 where the bin is empty, and y is 0.
    /// A region runs from place round(x1 scale), the product in float32 and halves away from zero, over n = max(round(x2 scale) -
    /// round(x1 scale) + 1, 1) places, likewise along y; bin p from floor(p n / P) to ceil((p + 1) n / P) of them, so that bins
    /// may overlap. What is outside of the map is left out. Girshick 2015, arXiv:1504.08083.
    /// </summary>
    /// <param name="problem">Sizes and scale.</param>
    /// <param name="x">Feature maps.</param>
    /// <param name="corners">
    /// (R, 5), float32: image, x1, y1, x2, y2. A region of no image is empty; a corner lies no farther than 2^22 places away, and
    /// one that is no number as far to the left or above.
    /// </param>
    /// <param name="scores">(R), as x; null for 1.</param>
    /// <param name="y">Result.</param>
    /// <param name="choice">Result.</param>
    public abstract void RoiMaxPoolForward(
        RoiPoolingProblem problem,
        Tensor x,
        Tensor corners,
        Tensor? scores,
        Tensor y,
        Tensor choice
    );

    /// <summary>gx: score * gy at the chosen places, zero elsewhere; what meets there adds in the order of regions and
    /// bins.</summary>
    public abstract void RoiMaxPoolBackward(
        RoiPoolingProblem problem,
        Tensor gy,
        Tensor corners,
        Tensor? scores,
        Tensor choice,
        Tensor gx
    );

    /// <summary>
    /// x (N, D, H, W, C r r) to y (N, D, H r, W r, C): y[h r + p, w r + q, c] = x[h, w, c r r + p r + q]. Shi et al. 2016,
    /// arXiv:1609.05158.
    /// With <paramref name="transposed"/>, p and q change places (what the published code does for batches above one).
    /// </summary>
    public abstract void PixelShuffle(Tensor x, int factor, bool transposed, Tensor y);

    /// <summary>The inverse, and adjoint, of <see cref="PixelShuffle"/>.</summary>
    public abstract void PixelUnshuffle(Tensor y, int factor, bool transposed, Tensor x);

    // ---- Normalization ----

    /// <summary>
    /// Mean and biased variance of dropout(x), each (rows, groups). Rows of modalities without a sample are left as they are.
    /// x may be bfloat16.
    /// </summary>
    public abstract void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance);

    /// <summary>
    /// running = decay * running + (1 - decay) * batch, for the rows of modalities that have a sample; batch norm only.
    /// </summary>
    public abstract void UpdateRunningStatistics(
        NormalizationProblem problem,
        double decay,
        Tensor mean,
        Tensor variance,
        Tensor runningMean,
        Tensor runningVariance
    );

    /// <summary>
    /// <see cref="UpdateRunningStatistics(NormalizationProblem, double, Tensor, Tensor, Tensor, Tensor)"/> of many
    /// normalizations,
    /// one after the other.
    /// </summary>
    public virtual void UpdateRunningStatistics(IReadOnlyList<RunningUpdate> updates)
    {
        foreach (RunningUpdate update in updates)
            UpdateRunningStatistics(
                update.Problem,
                update.Decay,
                update.Mean,
                update.Variance,
                update.RunningMean,
                update.RunningVariance
            );
    }

    /// <summary>
    /// y = leakyReLU(gamma * (dropout(x) - mean) / sqrt(variance + epsilon) + beta). x may be bfloat16, and y where x is.
    /// </summary>
    public abstract void NormalizationForward(
        NormalizationProblem problem,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor y
    );

    /// <summary>
    /// Gradients of <see cref="NormalizationForward"/>, each written where it is not null. With
    /// <paramref name="throughStatistics"/> mean and variance
    /// are functions of x (training), else constants (running statistics). Rows of ggamma and gbeta of modalities without a
    /// sample become zero. gx may be gy. x and gx may be bfloat16 together, and gy where they are.
    /// </summary>
    public abstract void NormalizationBackward(
        NormalizationProblem problem,
        bool throughStatistics,
        Tensor gy,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor? gx,
        Tensor? ggamma,
        Tensor? gbeta
    );

    /// <summary>
    /// Gradients of the normalization of an input that convolutions have normalized on load: what they kept of it serves again.
    /// </summary>
    internal virtual void FusedNormalizationBackward(
        InputNormalization input,
        bool throughStatistics,
        Tensor gy,
        Tensor x,
        Tensor? gx,
        Tensor? ggamma,
        Tensor? gbeta
    ) =>
        NormalizationBackward(
            input.Problem,
            throughStatistics,
            gy,
            x,
            input.Mean,
            input.Variance,
            input.Gamma,
            input.Beta,
            gx,
            ggamma,
            gbeta
        );

    // ---- ResidualAdd ----

    /// <summary>
    /// y = dropout(branch) + shortcut, whose channels are centred among zeros where it has fewer than the branch. branch may be
    /// bfloat16.
    /// </summary>
    public abstract void ResidualAdd(Tensor shortcut, Tensor branch, DropoutMask mask, Tensor y);

    // ---- SegmentationLoss ----

    /// <summary>
    /// One pass over the logits. Per modality, in float64, over its positions i with p = softmax(z), g = one-hot label:
    /// I[c] = sum p_c g_c, P[c] = sum p_c^2, N[c] = sum g_c, E[c] = sum over g_c = 1 of -log(max(p_c, floor)), Z[c, k] = sum g_c
    /// z_k.
    /// </summary>
    public abstract void SegmentationLossSums(SegmentationLossProblem problem, Tensor logits, Tensor labels, Tensor sums);

    /// <summary>
    /// The second pass: gz = p * (dp - sum_k dp_k p_k) + table[m, label], with
    /// dp_c = diceTrue[m, c] g_c + diceSquare[m, c] p_c + (g_c and p_c above the floor, where there is one ? crossEntropy[m, c] /
    /// p_c : 0). Coefficients are float64.
    /// </summary>
    public abstract void SegmentationLossGradient(
        SegmentationLossProblem problem,
        Tensor logits,
        Tensor labels,
        Tensor coefficients,
        Tensor gz
    );

    /// <summary>
    /// sum (one element, added up in float64) = sum over all positions of KL(softmax(teacher / temperature) || softmax(student /
    /// temperature)), both logits (..., classes). Hinton et al. 2015, arXiv:1503.02531.
    /// </summary>
    public abstract void SoftmaxKlSum(Tensor teacher, Tensor student, double temperature, Tensor sum);

    /// <summary>
    /// The gradient of <see cref="SoftmaxKlSum"/> for the student, times the one element of <paramref name="scale"/>: gs = scale
    /// / temperature * (softmax(student / temperature) - softmax(teacher / temperature)).
    /// </summary>
    public abstract void SoftmaxKlGradient(Tensor teacher, Tensor student, double temperature, Tensor scale, Tensor gs);

    // ---- Augmentation ----

    /// <summary>
    /// Varies training samples x (N, D, H, W, C) and their class maps (N, D, H, W), uint8, by the numbers of
    /// <paramref name="variation"/>, float64, which <see cref="AugmentationProblem"/> lays out. First in space, each slice within
    /// its plane, about the plane's centre c: from c + A (p - c) + shift + displacement(p), linear between pixels, the volume's
    /// number outside; labels are those of the nearest pixel, 0 outside. The displacement is a uniform cubic B-spline over the
    /// control points (Rueckert et al., IEEE TMI 18(8), 1999). Then the intensities v of each volume by minimum, maximum, mean
    /// and
    /// standard deviation over sample and volume, where they differ at all: b = minimum + (maximum - minimum) ((v - minimum) /
    /// (maximum - minimum))^gamma, y = mean + gain (b - mean) + offset deviation + noise deviation n, n normal: that of words
    /// first + 2i and first + 2i + 1 of the stream for element i of the volume. Nothing to vary leaves a sample bit for bit.
    /// </summary>
    public abstract void Augment(
        AugmentationProblem problem,
        Tensor x,
        Tensor labels,
        Tensor variation,
        Tensor y,
        Tensor variedLabels
    );

    // ---- Optimizers ----

    /// <summary>Updates w and the moments m and v in place.</summary>
    public abstract void Adam(AdamSettings settings, Tensor w, Tensor g, Tensor m, Tensor v);

    /// <summary>
    /// Whether one update of many tensors is faster than one for each, so that gradients should wait for each other. Otherwise a
    /// gradient is best used and freed when it is there.
    /// </summary>
    public virtual bool UpdatesTogether => false;

    /// <summary><see cref="Adam(AdamSettings, Tensor, Tensor, Tensor, Tensor)"/> of many tensors at once.</summary>
    public virtual void Adam(IReadOnlyList<AdamUpdate> updates)
    {
        foreach (AdamUpdate update in updates)
            Adam(update.Settings, update.W, update.G, update.M, update.V);
    }

    /// <summary>Updates w and its velocity in place.</summary>
    public abstract void Sgd(SgdSettings settings, Tensor w, Tensor g, Tensor velocity);

    /// <summary><see cref="Sgd(SgdSettings, Tensor, Tensor, Tensor)"/> of many tensors at once.</summary>
    public virtual void Sgd(IReadOnlyList<SgdUpdate> updates)
    {
        foreach (SgdUpdate update in updates)
            Sgd(update.Settings, update.W, update.G, update.Velocity);
    }

    /// <summary>Frees what the backend holds; the device lives on.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    private void WithNormalized(InputNormalization? input, Tensor x, Action<Tensor> use)
    {
        if (input is null)
        {
            use(x);
            return;
        }

        using Tensor normalized = Tensor.Allocate(Device, x.Shape, input.Gamma.DType).Detach();
        NormalizationForward(input.Problem, x, input.Mean, input.Variance, input.Gamma, input.Beta, normalized);
        use(normalized);
    }
}
