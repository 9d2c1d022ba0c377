using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using UnpairedSegEngine.Devices;
using Device = UnpairedSegEngine.Devices.Device;

namespace UnpairedSegEngine.Backends.Ilgpu;

/// <summary>A kernel's threads as one line: item <see cref="First"/>, then every <see cref="Stride"/>-th.</summary>
internal static class Items
{
    public static long First => Grid.GlobalLinearIndex;

    public static long Stride => (long)Grid.DimX * Group.DimX;
}

/// <summary>
/// Compiles ILGPU kernels when they are first used, keeps them (ILGPU itself holds them only weakly) and launches them over a
/// number of items.
/// A kernel takes one block of arguments and loops over its items.
/// </summary>
internal sealed class KernelLauncher(Device device)
{
    private const int MostGroups = 4096;

    private readonly Dictionary<MethodInfo, Delegate> kernels = [];
    private readonly int groupSize = Math.Min(256, device.Accelerator.MaxNumThreadsPerGroup);

    public void Launch<TArguments>(Action<TArguments> kernel, long items, TArguments arguments)
        where TArguments : struct
    {
        device.RequireNoRecording($"{kernel.Method.Name}, a portable kernel,");
        if (!kernels.TryGetValue(kernel.Method, out Delegate? compiled))
            kernels[kernel.Method] = compiled = device.Accelerator.LoadStreamKernel(kernel);
        // The CPU accelerator simulates every group with a barrier at its end: no more groups than processors.
        long most = device.IsHost ? Environment.ProcessorCount : MostGroups;
        int groups = (int)Math.Clamp((items + groupSize - 1) / groupSize, 1, most);
        ((Action<KernelConfig, TArguments>)compiled)((groups, groupSize), arguments);
    }
}
