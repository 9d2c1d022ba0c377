using ILGPU.Runtime;
using UnpairedSegEngine.Backends.Ilgpu;
using UnpairedSegEngine.Tensors;
using Device = UnpairedSegEngine.Devices.Device;

namespace UnpairedSegEngine.Engine.Tests.Devices;

internal sealed class IlgpuDeviceTests
{
    [Test]
    public void The_simulator_is_a_device_in_host_memory()
    {
        using Device device = Device.OpenIlgpu(AcceleratorType.CPU);
        Assert.That(
            (device.Name, device.IsHost, device.Accelerator.AcceleratorType),
            Is.EqualTo(("ilgpu", true, AcceleratorType.CPU))
        );
    }

    [Test]
    public void There_is_always_a_device_to_compute_on()
    {
        using Device device = Device.OpenIlgpu();
        using var backend = new IlgpuBackend(device);
        using Tensor x = Tensor.From<float>(device, new Shape(3), [1, 2, 3]);
        backend.Affine(x, 2, 1, x);
        Assert.That(x.ToArray<float>(), Is.EqualTo(new float[] { 3, 5, 7 }));
        Assert.That(backend.Description, Does.StartWith("ilgpu "));
    }

    /// <summary>Where there is such a device it opens, elsewhere one line says what is missing.</summary>
    [TestCase(AcceleratorType.Cuda)]
    [TestCase(AcceleratorType.OpenCL)]
    public void A_device_that_cannot_be_used_is_refused_in_one_line(AcceleratorType type)
    {
        try
        {
            using Device device = Device.OpenIlgpu(type);
            Assert.That(device.Accelerator.AcceleratorType, Is.EqualTo(type));
        }
        catch (ArgumentException refusal)
        {
            Assert.That(
                refusal.Message,
                Does.Contain(type.ToString()).And.Contain("choose another device").And.Not.Contain("\n")
            );
        }
    }
}
