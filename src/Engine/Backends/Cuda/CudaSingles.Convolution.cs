using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const string Forward = "forward",
        BackwardData = "backward_data";

    /// <summary>From so many splits on, as many threads share the partial sums of a weight.</summary>
    private const int FewestSplitsToShare = 8;

    public override void ConvolutionForward(
        ConvolutionProblem problem,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        bool accumulate = false
    ) => FusedConvolutionForward(problem, null, x, w, bias, y, null, accumulate);

    public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw) =>
        FusedConvolutionBackwardWeights(problem, null, x, gy, gw);

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
        GatherShape shape = GatherShape.Forward(problem);
        if (GatherPlan.Choose(shape, precision, kernels.HasWarpgroupMatrices) is not { } plan)
        {
            if (input is null && statistics is null)
                base.ConvolutionForward(problem, x, w, bias, y, accumulate);
            else
                base.FusedConvolutionForward(problem, input, x, w, bias, y, statistics, accumulate);
            return;
        }

        using Coefficients coefficients = input is null ? default : CoefficientsOf(input);
        using Scratch moments = Rent(
            statistics is null ? 1 : (long)MomentRows * problem.Batch * plan.Tiles.Count * problem.OutputChannels * sizeof(float)
        );
        using DrawnMask mask = Draw(input?.Problem.Dropout ?? DropoutMask.None, x.Count);
        using DrawnMask statisticsMask = Draw(statistics?.Problem.Dropout ?? DropoutMask.None, y.Count);
        Gather(
            Forward,
            shape,
            plan,
            problem,
            x.Pointer,
            w.Pointer,
            transposed: false,
            y.Pointer,
            new GatherParameters
            {
                Bias = bias?.Pointer ?? 0,
                Accumulate = accumulate ? 1 : 0,
                Symmetric = problem.Padding == PaddingMode.Symmetric ? 1 : 0,
                Transform = TransformOf(input, coefficients, mask),
                Moments = statistics is null ? 0 : moments.Pointer,
                MomentsDropout = statisticsMask.Kernel,
            }
        );
        if (statistics is not null)
            CombineMoments(statistics.Problem, moments.Pointer, plan.Tiles.Count, statistics.Mean, statistics.Variance);
    }

    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx)
    {
        ConvolutionProblem unpadded = problem.Padding == PaddingMode.Symmetric ? PaddedImage(problem) : problem;
        GatherShape[] shapes = GatherShape.BackwardData(unpadded, out bool complete);
        GatherPlan?[] plans = [.. shapes.Select(shape => GatherPlan.Choose(shape, precision, kernels.HasWarpgroupMatrices))];
        if (plans.Any(plan => plan is null))
        {
            base.ConvolutionBackwardData(problem, gy, w, gx);
            return;
        }

        bool folds = unpadded != problem;
        using Scratch padded = Rent(folds ? unpadded.InputShape.Count * sizeof(float) : 1);
        nint target = folds ? padded.Pointer : gx.Pointer;
        if (!complete)
            Zero(target, unpadded.InputShape.Count);
        foreach ((GatherShape shape, GatherPlan? plan) in shapes.Zip(plans))
            Gather(
                BackwardData,
                shape,
                plan!,
                problem,
                gy.Pointer,
                w.Pointer,
                transposed: true,
                target,
                new GatherParameters { Transform = KernelInputTransform.Identity }
            );
        if (!folds)
            return;
        var fold = new FoldParameters
        {
            Padded = padded.Pointer,
            Gx = gx.Pointer,
            Samples = problem.Batch,
            Channels = problem.InputChannels,
            Input = problem.Input,
            PadBefore = problem.PadBefore,
            PaddedSize = unpadded.Input,
        };
        kernels.LaunchElementwise("convolution/backward_data", "convolution_fold", gx.Count, fold);
    }

    public override void FusedConvolutionBackwardWeights(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor gy,
        Tensor gw
    )
    {
        WeightGradientPlan plan = WeightGradientPlan.Choose(problem, precision, input is null, kernels.HasWarpgroupMatrices);
        long weights = problem.WeightShape.Count;
        using Coefficients coefficients = input is null ? default : CoefficientsOf(input);
        using Scratch partial = Rent(plan.Splits > 1 ? plan.Splits * weights * sizeof(float) : 1);
        using DrawnMask mask = Draw(input?.Problem.Dropout ?? DropoutMask.None, x.Count);
        var parameters = new WeightGradientParameters
        {
            X = x.Pointer,
            Gy = gy.Pointer,
            Partial = plan.Splits > 1 ? partial.Pointer : gw.Pointer,
            Transform = TransformOf(input, coefficients, mask),
            Samples = problem.Batch,
            Channels = problem.InputChannels,
            Outputs = problem.OutputChannels,
            Symmetric = problem.Padding == PaddingMode.Symmetric ? 1 : 0,
            Input = problem.Input,
            Output = problem.Output,
            Kernel = problem.Kernel,
            Stride = problem.Stride,
            Dilation = problem.Dilation,
            Pad = problem.PadBefore,
        };
        plan.Complete(ref parameters);
        var geometry = new LaunchGeometry(
            plan.ChannelTiles * plan.OutputTiles,
            plan.TapGroups,
            plan.Splits,
            plan.Threads,
            plan.SharedBytes
        );
        kernels.Launch("convolution/backward_weights", $"convolution_backward_weights_{plan.Kernel}", geometry, parameters);
        if (plan.Splits > 1)
        {
            int slices = plan.Splits < FewestSplitsToShare ? 1 : FewestSplitsToShare;
            var sum = new SumSplitsParameters
            {
                Partial = partial.Pointer,
                Sums = gw.Pointer,
                Count = weights,
                Splits = plan.Splits,
                Slices = slices,
            };
            kernels.LaunchElementwise("convolution/backward_weights", "convolution_sum_splits", weights * slices, sum);
        }
    }

    /// <summary>The convolution of the image that symmetric padding makes: without padding of its own.</summary>
    private static ConvolutionProblem PaddedImage(ConvolutionProblem problem) =>
        problem with
        {
            Input = Size3.Map(a => problem.Input[a] + problem.PadBefore[a] + problem.PadAfter[a]),
            PadBefore = Size3.Zero,
            PadAfter = Size3.Zero,
            Padding = PaddingMode.Zero,
        };

    private static int Divide(int a, int b) => PositionTiles.Divide(a, b);

    /// <summary>Packs the weights and runs one gather; <paramref name="parameters"/> has what the shape does not know.</summary>
    private void Gather(
        string pass,
        GatherShape shape,
        GatherPlan plan,
        ConvolutionProblem problem,
        nint x,
        nint w,
        bool transposed,
        nint y,
        GatherParameters parameters
    )
    {
        GatherFamily family = plan.Family;
        int chunk = family.Chunk(shape.Channels),
            chunks = Divide(shape.Channels, chunk),
            tiles = Divide(shape.Outputs, family.Tile);
        long bytes = (long)family.TapBytes(chunk) * shape.Taps.Count * chunks * tiles;
        var pack = new PackParameters
        {
            Weights = w,
            Inputs = shape.Channels,
            Outputs = shape.Outputs,
            Transposed = transposed ? 1 : 0,
            Kernel = problem.Kernel,
            Taps = shape.Taps,
            WeightBase = shape.WeightBase,
            WeightStep = shape.WeightStep,
            Chunk = chunk,
            Chunks = chunks,
            Tile = family.Tile,
            Tiles = tiles,
        };
        long runs = (long)tiles * chunks * shape.Taps.Count * (family.Parts == 0 ? chunk : chunk / 8) * family.Tile;
        nint packed = recorder.Packing?.PutOff(family.PackName, pack, problem.WeightShape, runs, bytes) ?? 0;
        using Scratch own = Rent(packed == 0 ? bytes : 1);
        if (packed == 0)
        {
            pack.Packed = packed = own.Pointer;
            kernels.LaunchElementwise("convolution/pack", $"convolution_pack_{family.PackName}", runs, pack);
        }

        parameters.X = x;
        parameters.Weights = packed;
        parameters.Y = y;
        (parameters.Samples, parameters.Channels, parameters.Outputs, parameters.Chunk) = (
            problem.Batch,
            shape.Channels,
            shape.Outputs,
            chunk
        );
        (parameters.Input, parameters.Output, parameters.Count, parameters.Start) = (
            shape.Input,
            shape.Output,
            shape.Count,
            shape.Start
        );
        (parameters.OutputStep, parameters.InputStep) = (shape.OutputStep, shape.InputStep);
        (parameters.Taps, parameters.TapBase, parameters.TapStep) = (shape.Taps, shape.TapBase, shape.TapStep);
        (parameters.Tile, parameters.Tiles, parameters.Halo) = (plan.Tile, plan.Tiles, plan.Halo);
        LaunchGeometry geometry = plan.Geometry(tiles, problem.Batch, kernels.Multiprocessors);
        kernels.Launch($"convolution/{pass}", $"convolution_{pass}_{family.Name}_{family.Tile}", geometry, parameters);
    }

    /// <summary>The normalization as scale and shift per sample and channel, and its drawn dropout mask.</summary>
    private static KernelInputTransform TransformOf(InputNormalization? input, Coefficients coefficients, DrawnMask mask) =>
        input is null
            ? KernelInputTransform.Identity
            : new KernelInputTransform(coefficients.Scale, coefficients.Shift, input.Problem.Slope, mask.Kernel);
}
