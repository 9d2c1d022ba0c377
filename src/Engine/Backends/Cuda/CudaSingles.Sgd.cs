using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    public override void Sgd(SgdSettings settings, Tensor w, Tensor g, Tensor velocity) =>
        Sgd([new SgdUpdate(settings, w, g, velocity)]);

    /// <summary>One launch for every 64 tensors whose settings differ in nothing but weight decay.</summary>
    public override void Sgd(IReadOnlyList<SgdUpdate> updates)
    {
        foreach (IGrouping<SgdSettings, SgdUpdate> alike in updates.GroupBy(update => update.Settings with { WeightDecay = 0 }))
        {
            foreach (SgdUpdate[] chunk in alike.Chunk(UpdatedTensors))
                Launch(alike.Key, chunk);
        }
    }

    private void Launch(SgdSettings settings, SgdUpdate[] updates)
    {
        var parameters = new SgdParameters
        {
            Rate = (float)settings.Rate,
            Momentum = (float)settings.Momentum,
            Nesterov = settings.Nesterov ? 1 : 0,
            Count = updates.Length,
            ReplayedRate = recorder.Update(settings.RateSlot, settings.Rate, updates.Select(update => update.W)),
        };
        int blocks = 0;
        for (int i = 0; i < updates.Length; i++)
        {
            SgdUpdate update = updates[i];
            parameters.Tensors[i] = new SgdTensor
            {
                W = update.W.Pointer,
                G = update.G.Pointer,
                Velocity = update.Velocity.Pointer,
                Count = update.W.Count,
                WeightDecay = (float)update.Settings.WeightDecay,
                FirstBlock = blocks,
            };
            blocks += (int)((update.W.Count + UpdatedElements - 1) / UpdatedElements);
        }

        kernels.Launch("optimizer/sgd", "sgd", new LaunchGeometry(blocks, UpdatingThreads), parameters);
    }

    /// <summary>kernels/optimizer/parameters.cuh: SgdTensor.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SgdTensor
    {
        public nint W,
            G,
            Velocity;
        public long Count;
        public float WeightDecay;
        public int FirstBlock;
    }

    [InlineArray(UpdatedTensors)]
    internal struct SgdTensorTable
    {
        private SgdTensor first;
    }

    /// <summary>SgdParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SgdParameters
    {
        public SgdTensorTable Tensors;
        public float Rate,
            Momentum;
        public int Nesterov,
            Count;
        public nint ReplayedRate;
    }
}
