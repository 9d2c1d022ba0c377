using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const string ForwardPass = "forward",
        DataPass = "backward_data";

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

    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx) =>
        Backward(problem, null, null, gy, w, null, gx);

    public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw) =>
        Backward(problem, null, x, gy, null, gw, null);

    public override void FusedConvolutionBackward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor gy,
        Tensor w,
        Tensor? gw,
        Tensor? gx
    ) => Backward(problem, input, x, gy, w, gw, gx);

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

        using Scratch coefficients = Rent(2L * x.Shape[0] * problem.InputChannels * sizeof(float));
        using Scratch moments = Rent(
            statistics is null ? 1 : (long)MomentRows * problem.Batch * plan.Tiles.Count * problem.OutputChannels * sizeof(float)
        );
        using DrawnMask mask = Draw(input?.Problem.Dropout ?? DropoutMask.None, x.Count);
        using DrawnMask statisticsMask = Draw(statistics?.Problem.Dropout ?? DropoutMask.None, y.Count);
        Gather(
            ForwardPass,
            shape,
            plan,
            problem,
            x,
            null,
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

    /// <summary>
    /// Both gradients, or one of them: <paramref name="x"/> is read for that of the weights, <paramref name="w"/> for that of the
    /// input.
    /// </summary>
    private void Backward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor? x,
        Tensor gy,
        Tensor? w,
        Tensor? gw,
        Tensor? gx
    )
    {
        WeightGradientPlan? weights = gw is null
            ? null
            : WeightGradientPlan.Choose(problem, precision, input is null, kernels.HasWarpgroupMatrices);
        DataGradientPlan? data = gx is null ? null : DataGradientPlan.Choose(problem, precision, kernels.HasWarpgroupMatrices);
        // Where the weight gradient needs an operand the data gradient reads it, too. For that alone it would not pay.
        OperandBox? box = weights?.OperandsOf(problem).Gy is { } own ? OperandBox.Join(own, data?.Operand) : null;
        using Operand? operand = WriteOperand(gy, PaddingMode.Zero, KernelInputTransform.Identity, box);
        if (gw is not null)
            BackwardWeights(problem, weights!, input, x!, gy, operand, gw);
        if (data is not null)
            BackwardData(problem, data, gy, operand, w!, gx!);
        else if (gx is not null)
            base.ConvolutionBackwardData(problem, gy, w!, gx);
    }

    private void BackwardData(ConvolutionProblem problem, DataGradientPlan plan, Tensor gy, Operand? operand, Tensor w, Tensor gx)
    {
        bool folds = plan.Image != problem;
        using Scratch padded = Rent(folds ? plan.Image.InputShape.Count * sizeof(float) : 1);
        nint target = folds ? padded.Pointer : gx.Pointer;
        if (!plan.IsComplete)
            Zero(target, plan.Image.InputShape.Count);
        foreach ((GatherShape shape, GatherPlan gather) in plan.Gathers)
            Gather(
                DataPass,
                shape,
                gather,
                problem,
                gy,
                operand,
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
            PaddedSize = plan.Image.Input,
        };
        kernels.LaunchElementwise("convolution/backward_data", "convolution_fold", gx.Count, fold);
    }

    private void BackwardWeights(
        ConvolutionProblem problem,
        WeightGradientPlan plan,
        InputNormalization? input,
        Tensor x,
        Tensor gy,
        Operand? gyOperand,
        Tensor gw
    )
    {
        long weights = problem.WeightShape.Count;
        using Scratch coefficients = Rent(2L * x.Shape[0] * problem.InputChannels * sizeof(float));
        using Scratch partial = Rent(plan.Splits > 1 ? plan.Splits * weights * sizeof(float) : 1);
        using DrawnMask mask = Draw(input?.Problem.Dropout ?? DropoutMask.None, x.Count);
        KernelInputTransform transform = TransformOf(input, coefficients, mask);
        using Operand? xOperand = WriteOperand(x, problem.Padding, transform, plan.OperandsOf(problem).X);
        var parameters = new WeightGradientParameters
        {
            X = xOperand?.Pointer ?? x.Pointer,
            Gy = gyOperand?.Pointer ?? gy.Pointer,
            Partial = plan.Splits > 1 ? partial.Pointer : gw.Pointer,
            Transform = transform,
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
            XOperand = xOperand?.Layout ?? default,
            GyOperand = gyOperand?.Layout ?? default,
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

    private static int Divide(int a, int b) => PositionTiles.Divide(a, b);

    /// <summary>Packs the weights and runs one gather; <paramref name="parameters"/> has what the shape does not know.</summary>
    private void Gather(
        string pass,
        GatherShape shape,
        GatherPlan plan,
        ConvolutionProblem problem,
        Tensor x,
        Operand? operand,
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

        (parameters.X, parameters.Operand) =
            operand is not null && family.TakesOperand ? (operand.Pointer, operand.Layout) : (x.Pointer, default);
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

    /// <summary>
    /// The normalization as scale and shift per sample and channel, which <paramref name="coefficients"/> receives, and its drawn
    /// dropout mask.
    /// </summary>
    private KernelInputTransform TransformOf(InputNormalization? input, Scratch coefficients, DrawnMask mask)
    {
        if (input is null)
            return KernelInputTransform.Identity;
        nint shift = coefficients.Pointer + (input.Problem.Samples * input.Problem.Channels * sizeof(float));
        FillCoefficients(input.Problem, input.Mean, input.Variance, input.Gamma, input.Beta, coefficients.Pointer, shift);
        return new KernelInputTransform(coefficients.Pointer, shift, input.Problem.Slope, mask.Kernel);
    }
}
