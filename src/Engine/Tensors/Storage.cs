using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Tensors;

/// <summary>Device memory shared by a tensor and its reshaped views; goes back to the pool with the last of them.</summary>
internal sealed class Storage(Device device, long bytes)
{
    private int holders = 1;

    public Device Device => device;

    public DeviceBuffer Buffer { get; } = device.Pool.Rent(bytes);

    public Storage Share()
    {
        holders++;
        return this;
    }

    public void Release()
    {
        if (--holders == 0)
            device.Pool.Return(Buffer);
    }
}
