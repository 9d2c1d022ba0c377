using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    /// <summary>Of all optimizers: kTableTensors and kBlockElements of kernels/optimizer/parameters.cuh.</summary>
    private const int UpdatedTensors = 64,
        UpdatedElements = 4096;

    private const int UpdatingThreads = 256;

    public override void Adam(AdamSettings settings, Tensor w, Tensor g, Tensor m, Tensor v) =>
        Adam([new AdamUpdate(settings, w, g, m, v)]);

    /// <summary>One launch for every 64 tensors whose settings differ in nothing but L2.</summary>
    public override void Adam(IReadOnlyList<AdamUpdate> updates)
    {
        foreach (IGrouping<AdamSettings, AdamUpdate> alike in updates.GroupBy(update => update.Settings with { L2 = 0 }))
        {
            foreach (AdamUpdate[] chunk in alike.Chunk(UpdatedTensors))
                Launch(alike.Key, chunk);
        }
    }

    private void Launch(AdamSettings settings, AdamUpdate[] updates)
    {
        var parameters = new AdamParameters
        {
            Rate = (float)settings.Rate,
            Beta1 = (float)settings.Beta1,
            Take1 = (float)(1 - settings.Beta1),
            Beta2 = (float)settings.Beta2,
            Take2 = (float)(1 - settings.Beta2),
            Epsilon = (float)settings.Epsilon,
            Count = updates.Length,
            ReplayedRate = recorder.Update(settings.RateSlot, settings.Rate, updates.Select(update => update.W)),
        };
        int blocks = 0;
        for (int i = 0; i < updates.Length; i++)
        {
            AdamUpdate update = updates[i];
            parameters.Tensors[i] = new AdamTensor
            {
                W = update.W.Pointer,
                G = update.G.Pointer,
                M = update.M.Pointer,
                V = update.V.Pointer,
                Count = update.W.Count,
                L2 = (float)update.Settings.L2,
                FirstBlock = blocks,
            };
            blocks += (int)((update.W.Count + UpdatedElements - 1) / UpdatedElements);
        }

        kernels.Launch("optimizer/adam", "adam", new LaunchGeometry(blocks, UpdatingThreads), parameters);
    }

    /// <summary>kernels/optimizer/parameters.cuh: AdamTensor.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct AdamTensor
    {
        public nint W,
            G,
            M,
            V;
        public long Count;
        public float L2;
        public int FirstBlock;
    }

    [InlineArray(UpdatedTensors)]
    internal struct AdamTensorTable
    {
        private AdamTensor first;
    }

    /// <summary>AdamParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct AdamParameters
    {
        public AdamTensorTable Tensors;
        public float Rate,
            Beta1,
            Take1,
            Beta2,
            Take2,
            Epsilon;
        public int Count;
        public nint ReplayedRate;
    }
}
