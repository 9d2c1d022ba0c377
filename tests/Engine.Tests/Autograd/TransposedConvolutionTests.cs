using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Autograd;

/// <summary>
/// The alignment of TensorFlow's SAME: sample i of the input reaches outputs 2 i, 2 i + 1, ...; what falls behind the end is cut.
/// </summary>
internal sealed class TransposedConvolutionTests
{
    [TestCase(new double[] { 1, 10, 100 }, new double[] { 1, 10, 102, 20, 203, 30 })]
    [TestCase(new double[] { 1, 10 }, new double[] { 1, 10, 2, 20, 3, 30 })]
    [TestCase(new double[] { 1 }, new double[] { 1, 0, 2, 0, 3, 0 })]
    [TestCase(new double[] { 1, 10, 100, 1000 }, new double[] { 10, 102, 1020, 203, 2030, 300 })]
    public void One_axis_with_stride_two(double[] taps, double[] expected)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        using TensorScope scope = TensorScope.Open(device);
        for (int axis = 0; axis < 3; axis++)
        {
            Shape Along(int extent) => new Shape(1, 1, 1, 1, 1).With(axis + 1, extent);
            var x = new Variable(Tensor.From<double>(device, Along(3), [1, 2, 3]));
            var w = new Variable(Tensor.From<double>(device, new Shape([.. Along(taps.Length).AsSpan()[1..4], 1, 1]), taps));
            Variable y = new Tape(backend).ConvolveTransposed(x, w, Size3.Map(a => a == axis ? 2 : 1));
            Assert.That(y.Shape, Is.EqualTo(Along(6)));
            Assert.That(y.Value.ToArray<double>(), Is.EqualTo(expected), $"axis {axis}");
        }
    }
}
