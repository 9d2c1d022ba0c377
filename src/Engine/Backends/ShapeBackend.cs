using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// Computes nothing: checks an operation's arguments and leaves its results as they are. On
/// <see cref="Device.OpenWithoutMemory"/> a network of any size runs in milliseconds, forward and backward, so that a class
/// derived from this one can note what it would compute.
/// </summary>
/// <param name="device">Any; without memory at best.</param>
public class ShapeBackend(Device device) : CheckedBackend(device)
{
    private readonly Idle idle = new(device);

    /// <inheritdoc/>
    public override string Description => "shapes";

    /// <inheritdoc/>
    protected override Backend Singles => idle;

    /// <inheritdoc/>
    protected override Backend Doubles => idle;

    /// <inheritdoc/>
    protected override void FillStorage(Tensor y, double value) { }

    /// <inheritdoc/>
    protected override void Copy(Tensor x, Tensor y) { }

    private sealed class Idle(Device device) : Backend(device)
    {
        public override string Description => "idle";

        public override void Fill(Tensor y, double value) { }

        public override void Convert(Tensor x, Tensor y) { }

        public override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y) { }

        public override void Unary(UnaryFunction function, Tensor x, Tensor y) { }

        public override void Affine(Tensor x, double scale, double offset, Tensor y) { }

        public override void LeakyReluForward(Tensor x, double slope, Tensor y) { }

        public override void LeakyReluBackward(Tensor gy, Tensor x, double slope, Tensor gx) { }

        public override void Dropout(Tensor x, DropoutMask mask, Tensor y) { }

        public override void Sum(Tensor x, int outer, int reduced, int inner, Tensor y) { }

        public override void Broadcast(Tensor x, int outer, int repeated, int inner, Tensor y) { }

        public override void CopyChannels(Tensor x, int xStart, Tensor y, int yStart, int count) { }

        public override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y) { }

        public override void Max(Tensor x, int outer, int reduced, int inner, Tensor y, Tensor index) { }

        public override void Gather(Tensor x, Tensor index, int outer, int extent, int inner, Tensor y) { }

        public override void Scatter(Tensor y, Tensor index, int outer, int extent, int inner, Tensor x) { }

        public override void Softmax(Tensor x, int outer, int classes, int inner, Tensor y) { }

        public override void LogSoftmax(Tensor x, int outer, int classes, int inner, Tensor y) { }

        public override void ConvolutionForward(
            ConvolutionProblem problem,
            Tensor x,
            Tensor w,
            Tensor? bias,
            Tensor y,
            bool accumulate = false
        ) { }

        public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx) { }

        public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw) { }

        public override void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice) { }

        public override void MaxPoolBackward(PoolingProblem problem, Tensor gy, Tensor choice, Tensor gx) { }

        public override void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y) { }

        public override void AveragePoolBackward(PoolingProblem problem, Tensor gy, Tensor gx) { }

        public override void RoiMaxPoolForward(
            RoiPoolingProblem problem,
            Tensor x,
            Tensor corners,
            Tensor? scores,
            Tensor y,
            Tensor choice
        ) { }

        public override void RoiMaxPoolBackward(
            RoiPoolingProblem problem,
            Tensor gy,
            Tensor corners,
            Tensor? scores,
            Tensor choice,
            Tensor gx
        ) { }

        public override void PixelShuffle(Tensor x, int factor, bool transposed, Tensor y) { }

        public override void PixelUnshuffle(Tensor y, int factor, bool transposed, Tensor x) { }

        public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance) { }

        public override void UpdateRunningStatistics(
            NormalizationProblem problem,
            double decay,
            Tensor mean,
            Tensor variance,
            Tensor runningMean,
            Tensor runningVariance
        ) { }

        public override void NormalizationForward(
            NormalizationProblem problem,
            Tensor x,
            Tensor mean,
            Tensor variance,
            Tensor gamma,
            Tensor beta,
            Tensor y
        ) { }

        public override void NormalizationBackward(
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
        ) { }

        public override void ResidualAdd(Tensor shortcut, Tensor branch, DropoutMask mask, Tensor y) { }

        public override void SegmentationLossSums(SegmentationLossProblem problem, Tensor logits, Tensor labels, Tensor sums) { }

        public override void SegmentationLossGradient(
            SegmentationLossProblem problem,
            Tensor logits,
            Tensor labels,
            Tensor coefficients,
            Tensor gz
        ) { }

        public override void SoftmaxKlSum(Tensor teacher, Tensor student, double temperature, Tensor sum) { }

        public override void SoftmaxKlGradient(Tensor teacher, Tensor student, double temperature, Tensor scale, Tensor gs) { }

        public override void Augment(
            AugmentationProblem problem,
            Tensor x,
            Tensor labels,
            Tensor variation,
            Tensor y,
            Tensor variedLabels
        ) { }

        public override void Adam(AdamSettings settings, Tensor w, Tensor g, Tensor m, Tensor v) { }

        public override void Sgd(SgdSettings settings, Tensor w, Tensor g, Tensor velocity) { }
    }
}
