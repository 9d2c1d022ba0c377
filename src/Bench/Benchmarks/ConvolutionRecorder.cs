using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>A kernel of a network, or a share of one.</summary>
/// <param name="Parameter">Its name; "computed" where the kernel is made of others.</param>
/// <param name="First">Where a share begins; null of a whole kernel.</param>
internal readonly record struct KernelShare(string Parameter, int? First);

/// <summary>A convolution that a forward pass asked for.</summary>
/// <param name="Problem">Its sizes; of a transposed convolution, those of the convolution whose data gradient it is.</param>
/// <param name="Kernel">What it multiplies by.</param>
/// <param name="IsTransposed">Whether it is the data gradient of its problem.</param>
/// <param name="Accumulates">Whether it adds to its result.</param>
/// <param name="HasDataGradient">Whether the backward pass asked for the gradient of its input.</param>
internal sealed record RecordedConvolution(
    ConvolutionProblem Problem,
    KernelShare Kernel,
    bool IsTransposed,
    bool Accumulates,
    bool HasDataGradient = false
);

/// <summary>Notes the convolutions of a network's forward and backward pass, of which nothing is computed or stored.</summary>
internal sealed class ConvolutionRecorder : ShapeBackend
{
    // Without memory an address is lent once, so it tells kernels apart, and their shares.
    private readonly Dictionary<nint, KernelShare> kernels = [];
    private readonly List<RecordedConvolution> convolutions = [];
    private readonly HashSet<KernelShare> withDataGradient = [];
    private bool isBackward;

    private ConvolutionRecorder(Device device)
        : base(device) { }

    /// <summary>The convolutions of one training step's forward pass, in order.</summary>
    /// <param name="description">The network.</param>
    /// <param name="modality">Modality of each sample.</param>
    /// <param name="images">(samples, depth, height, width, channels).</param>
    /// <param name="classes">Classes with background.</param>
    public static IReadOnlyList<RecordedConvolution> Record(
        NetworkDescription description,
        ModalityIndex modality,
        Shape images,
        int classes
    )
    {
        using Device device = Device.OpenWithoutMemory();
        using var recorder = new ConvolutionRecorder(device);
        using TensorScope scope = TensorScope.Open(device);
        ISegmentationNetwork network = description.Build(device, seed: 0, images[^1], modality.Modalities, classes);
        using ParameterStore parameters = network.Parameters;
        foreach (Parameter parameter in parameters.All)
            recorder.kernels[parameter.Value.Pointer] = new KernelShare(parameter.Name, null);

        var tape = new Tape(recorder);
        Variable logits = network.Forward(
            new ForwardContext(tape, modality, Training: true),
            tape.Input(tape.Allocate(images, parameters.DType))
        );
        recorder.isBackward = true;
        tape.Backward(logits, tape.Allocate(logits.Shape, logits.DType));
        return
        [
            .. recorder.convolutions.Select(convolution =>
                convolution with
                {
                    HasDataGradient = recorder.withDataGradient.Contains(convolution.Kernel),
                }
            ),
        ];
    }

    public override void ConvolutionForward(
        ConvolutionProblem problem,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        bool accumulate = false
    )
    {
        base.ConvolutionForward(problem, x, w, bias, y, accumulate);
        Note(problem, w, isTransposed: false, accumulate);
    }

    public override void FusedConvolutionForward(
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
        base.FusedConvolutionForward(problem, input, x, w, bias, y, statistics, accumulate);
        Note(problem, w, isTransposed: false, accumulate);
    }

    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx)
    {
        base.ConvolutionBackwardData(problem, gy, w, gx);
        Note(problem, w, isTransposed: true, accumulates: false);
    }

    public override void FusedConvolutionBackward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor gy,
        Tensor w,
        Tensor? gw,
        Tensor? gx
    )
    {
        base.FusedConvolutionBackward(problem, input, x, gy, w, gw, gx);
        if (gx is not null)
            Note(problem, w, isTransposed: true, accumulates: false);
    }

    /// <summary>A convolution of a concatenation's part multiplies by a copy of some of the kernel's input channels.</summary>
    public override void CopyChannels(Tensor x, int xStart, Tensor y, int yStart, int count)
    {
        base.CopyChannels(x, xStart, y, yStart, count);
        if (kernels.TryGetValue(x.Pointer, out KernelShare kernel))
            kernels[y.Pointer] = kernel with { First = xStart };
    }

    /// <summary>In a backward pass, what multiplies by a kernel is the gradient of what the kernel was multiplied with.</summary>
    private void Note(ConvolutionProblem problem, Tensor w, bool isTransposed, bool accumulates)
    {
        KernelShare kernel = kernels.GetValueOrDefault(w.Pointer, new KernelShare("computed", null));
        if (isBackward)
            withDataGradient.Add(kernel);
        else
            convolutions.Add(new RecordedConvolution(problem, kernel, isTransposed, accumulates));
    }
}
