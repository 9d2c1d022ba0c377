using System.Reflection;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>Whatever a method trains with on float32 can be captured: nothing falls back to a portable kernel.</summary>
internal sealed class PortableKernelTests
{
    private static readonly Shape Four = new(4);

    private static readonly (string Name, Action<Backend, Func<Shape, DType, Tensor>> Run)[] Operations =
    [
        .. Enum.GetValues<UnaryFunction>()
            .Select(f => ($"{f}", (Action<Backend, Func<Shape, DType, Tensor>>)((b, t) => b.Unary(f, F(t), F(t))))),
        .. Enum.GetValues<BinaryFunction>()
            .Select(f => ($"{f}", (Action<Backend, Func<Shape, DType, Tensor>>)((b, t) => b.Binary(f, F(t), F(t), F(t))))),
        ("float32 to float64", (b, t) => b.Convert(F(t), t(Four, DType.Float64))),
        ("float64 to float32", (b, t) => b.Convert(t(Four, DType.Float64), F(t))),
        ("float32 to bfloat16", (b, t) => b.Convert(F(t), t(Four, DType.BFloat16))),
        ("bfloat16 to float32", (b, t) => b.Convert(t(Four, DType.BFloat16), F(t))),
        ("copy", (b, t) => b.Convert(F(t), F(t))),
        ("sum of bfloat16", (b, t) => b.Binary(BinaryFunction.Add, H(t), H(t), H(t))),
        ("dropout to bfloat16", (b, t) => b.Dropout(F(t), new DropoutMask(0.5, 1, 2), H(t))),
        ("channels of bfloat16", (b, t) => b.CopyChannels(H(t), 0, H(t), 2, 2)),
        ("fill float32", (b, t) => b.Fill(F(t), 1)),
        ("fill uint8", (b, t) => b.Fill(t(Four, DType.UInt8), 1)),
        ("fill int32", (b, t) => b.Fill(t(Four, DType.Int32), -1)),
        ("fill bfloat16", (b, t) => b.Fill(t(Four, DType.BFloat16), 1)),
        ("sum", (b, t) => b.Sum(F(t), 2, 2, 1, t(new Shape(2), DType.Float32))),
        ("broadcast", (b, t) => b.Broadcast(t(new Shape(2), DType.Float32), 2, 2, 1, F(t))),
        ("max", (b, t) => b.Max(F(t), 1, 4, 1, t(new Shape(), DType.Float32), t(new Shape(), DType.Int32))),
        ("gather", (b, t) => b.Gather(F(t), t(new Shape(2), DType.UInt8), 2, 2, 1, t(new Shape(2), DType.Float32))),
        ("scatter", (b, t) => b.Scatter(t(new Shape(2), DType.Float32), t(new Shape(2), DType.UInt8), 2, 2, 1, F(t))),
        ("softmax", (b, t) => b.Softmax(F(t), 1, 4, 1, F(t))),
        ("log softmax", (b, t) => b.LogSoftmax(F(t), 1, 4, 1, F(t))),
        (
            "softmax kl",
            (b, t) =>
            {
                b.SoftmaxKlSum(F(t), F(t), 2, t(new Shape(), DType.Float32));
                b.SoftmaxKlGradient(F(t), F(t), 2, t(new Shape(), DType.Float32), F(t));
            }
        ),
        (
            "matmul",
            (b, t) =>
            {
                var square = new Shape(2, 2);
                b.MatMul(t(square, DType.Float32), false, t(square, DType.Float32), true, t(square, DType.Float32));
            }
        ),
        (
            "roi max pool",
            (b, t) =>
            {
                var problem = new RoiPoolingProblem(new Shape(1, 1, 2, 2, 1), 1, 2, 1);
                Tensor Map() => t(problem.InputShape, DType.Float32);
                Tensor Pooled(DType type) => t(problem.OutputShape, type);
                Tensor corners = t(problem.CornersShape, DType.Float32),
                    scores = t(problem.ScoresShape, DType.Float32),
                    choice = Pooled(DType.Int32);
                b.RoiMaxPoolForward(problem, Map(), corners, scores, Pooled(DType.Float32), choice);
                b.RoiMaxPoolBackward(problem, Pooled(DType.Float32), corners, null, choice, Map());
            }
        ),
        (
            "augment",
            (b, t) =>
            {
                var problem = new AugmentationProblem(new Shape(1, 1, 2, 2, 1));
                Tensor Labels() => t(problem.LabelsShape, DType.UInt8);
                Tensor Images() => t(problem.ImageShape, DType.Float32);
                b.Augment(problem, Images(), Labels(), t(problem.VariationShape, DType.Float64), Images(), Labels());
            }
        ),
        ("sgd", (b, t) => b.Sgd(new SgdSettings(0.1, 0.9, 0, false), F(t), F(t), F(t))),
    ];

    public static IEnumerable<string> Names => Operations.Select(operation => operation.Name);

    [TestCaseSource(nameof(Names))]
    public void Is_recorded(string name)
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        using Device device = Device.OpenCpu();
        using CudaBackend backend = CudaBackend.OpenEmulated(device);
        var tensors = new List<Tensor>();
        using (
            IRecording recording = backend.Recorder!.Record(() =>
                Operations.Single(operation => operation.Name == name).Run(backend, Allocate)
            )
        )
        {
            backend.Recorder!.Set(new ReplayNumbers(0, [1]));
            recording.Run(0);
        }

        tensors.ForEach(tensor => tensor.Dispose());

        Tensor Allocate(Shape shape, DType type)
        {
            var tensor = Tensor.Allocate(device, shape, type);
            tensors.Add(tensor);
            return tensor;
        }
    }

    /// <summary>A new operation of the contract without a CUDA kernel fails here.</summary>
    [Test]
    public void Every_operation_on_float32_has_a_kernel()
    {
        string[] portable =
        [
            .. typeof(Backend)
                .GetMethods(BindingFlags.Public | BindingFlags.Instance)
                .Where(method => method.IsAbstract && !method.IsSpecialName)
                .Where(method => ImplementationOf(method).DeclaringType != typeof(CudaSingles))
                .Select(method => method.Name),
        ];
        Assert.That(portable, Is.Empty);
    }

    private static MethodInfo ImplementationOf(MethodInfo method) =>
        typeof(CudaSingles).GetMethod(method.Name, [.. method.GetParameters().Select(parameter => parameter.ParameterType)])!;

    private static Tensor F(Func<Shape, DType, Tensor> tensor) => tensor(Four, DType.Float32);

    private static Tensor H(Func<Shape, DType, Tensor> tensor) => tensor(Four, DType.BFloat16);
}
