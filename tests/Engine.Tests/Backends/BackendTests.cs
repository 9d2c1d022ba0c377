using ILGPU.Runtime;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>
/// What every test of the contract needs: random inputs, outputs that start as NaN with guard bytes behind them, and comparison
/// with a float64 reference that is computed from the rounded inputs.
/// </summary>
[TestFixtureSource(typeof(BackendUnderTest), nameof(BackendUnderTest.All))]
public abstract class BackendTests(BackendUnderTest underTest)
{
    private const byte Guard = 0xA5;
    private const int GuardAlignment = 64;

    private TensorScope? scope;
    private uint drawn;

    protected DType Type => underTest.Type;

    protected Backend Backend { get; private set; } = null!;

    /// <summary>Relative rounding error that a short chain of operations may have.</summary>
    protected double Tolerance => Type == DType.Float32 ? 2e-5 : 1e-12;

    [OneTimeSetUp]
    public void OpenBackend() => Backend = underTest.Open();

    [OneTimeTearDown]
    public void CloseBackend()
    {
        if (Backend is not null) // null where it could not be opened
            underTest.Close(Backend);
    }

    [SetUp]
    public void OpenScope() => scope = TensorScope.Open(Backend.Device);

    [TearDown]
    public void CloseScope() => scope!.Dispose();

    /// <summary>Normal values, the same in every run.</summary>
    protected Tensor Normal(Shape shape, double mean = 0, double deviation = 1)
    {
        var stream = new PhiloxStream(17, drawn++, 0, 0);
        var values = new double[shape.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = mean + (deviation * stream.NextNormal());
        return Of(shape, values);
    }

    protected Tensor Positive(Shape shape) => Of(shape, Read(Normal(shape)).Select(v => 0.1 + Math.Abs(v)).ToArray());

    protected Tensor Of(Shape shape, params double[] values) =>
        Type == DType.Float32
            ? Tensor.From<float>(Backend.Device, shape, values.Select(v => (float)v).ToArray())
            : Tensor.From<double>(Backend.Device, shape, values);

    protected Tensor Bytes(Shape shape, byte[] values) => Tensor.From<byte>(Backend.Device, shape, values);

    protected Tensor Doubles(Shape shape, double[] values) => Tensor.From<double>(Backend.Device, shape, values);

    /// <summary>
    /// An output: NaN (255 for bytes); in host memory with guard bytes up to the next boundary of the memory pool's blocks.
    /// </summary>
    protected Tensor Output(Shape shape, DType? type = null)
    {
        Tensor tensor = Tensor.Allocate(Backend.Device, shape, type ?? Type);
        tensor.RawView<byte>().MemSet(tensor.Device.Accelerator.DefaultStream, 0xFF);
        GuardBytes(tensor).Fill(Guard);
        return tensor;
    }

    /// <summary>The content as float64.</summary>
    protected static double[] Read(Tensor tensor) =>
        tensor.DType switch
        {
            DType.Float32 => [.. tensor.ToArray<float>().Select(v => (double)v)],
            DType.Float64 => tensor.ToArray<double>(),
            DType.BFloat16 => [.. Words(tensor).Select(bits => (double)BFloat16Bits.ToSingle(bits))],
            _ => [.. tensor.ToArray<byte>().Select(v => (double)v)],
        };

    /// <summary>
    /// Every element within tolerance times the largest magnitude expected, or <paramref name="magnitude"/> where terms of that
    /// size cancel.
    /// </summary>
    protected void AssertClose(Tensor actual, double[] expected, double slack = 1, string? what = null, double magnitude = 1e-30)
    {
        double[] values = Read(actual);
        Assert.That(values, Has.Length.EqualTo(expected.Length));
        AssertIntactGuard(actual);
        double bound = Tolerance * slack * Math.Max(expected.Max(Math.Abs), magnitude);
        for (int i = 0; i < values.Length; i++)
        {
            if (!(Math.Abs(values[i] - expected[i]) <= bound))
                Assert.Fail($"{what} element {i} is {values[i]:R}, expected {expected[i]:R} within {bound:E1}");
        }
    }

    protected static void AssertIntactGuard(Tensor tensor) =>
        Assert.That(GuardBytes(tensor).ToArray(), Has.All.EqualTo(Guard), "wrote beyond the end");

    private static ushort[] Words(Tensor tensor)
    {
        var words = new ushort[tensor.Count];
        tensor.RawView<ushort>().CopyToCPU(tensor.Device.Accelerator.DefaultStream, words);
        return words;
    }

    /// <summary>None where the device's memory cannot be reached from the host.</summary>
    private static unsafe Span<byte> GuardBytes(Tensor tensor) =>
        !tensor.Device.IsHost
            ? default
            : new(
                (byte*)tensor.Pointer + tensor.Bytes,
                (int)((GuardAlignment - (tensor.Bytes % GuardAlignment)) % GuardAlignment)
            );
}
