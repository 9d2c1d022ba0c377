using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Cuda.Graphs;
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
        GatherPlan? chosen = GatherPlan.Choose(shape, precision, kernels.HasWarpgroupMatrices);
        bool suits =
            Suits(x, chosen?.Family.ReadsBFloat16(shape.Channels) == true)
            && Suits(y, chosen?.Family.WritesBFloat16(shape.Outputs) == true);
        if (!suits)
        {
            using var widening = new Widening(this, taken: false);
            Tensor read = widening.Read(x),
                written = accumulate ? widening.Update(y) : widening.Write(y);
            FusedConvolutionForward(problem, input, read, w, bias, written, statistics, accumulate);
            widening.Store();
            return;
        }

        if (chosen is not { } plan)
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
                XBfloat16 = Flag(x),
                YBfloat16 = Flag(y),
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
        bool readsX = weights?.ReadsBFloat16(problem.InputChannels) == true,
            readsGy = weights?.ReadsBFloat16(problem.OutputChannels) != false && (gx is null || data?.ReadsBFloat16 == true);
        using var widening = new Widening(this, taken: false);
        Tensor? readX = x is null || Suits(x, readsX) ? x : widening.Read(x);
        Tensor readGy = Suits(gy, readsGy) ? gy : widening.Read(gy);
        Tensor? writtenGx = gx is null || Suits(gx, data?.WritesBFloat16 == true) ? gx : widening.Write(gx);

        // Where the weight gradient needs an operand the data gradient reads it, too. For that alone it would not pay.
        OperandBox? box = weights?.OperandsOf(problem).Gy is { } own ? OperandBox.Join(own, data?.Operand) : null;
        using Operand? operand = WriteOperand(readGy, PaddingMode.Zero, KernelInputTransform.Identity, box);
        if (gw is not null)
            BackwardWeights(problem, weights!, input, readX!, readGy, operand, gw);
        if (data is not null)
            BackwardData(problem, data, readGy, operand, w!, writtenGx!);
        else if (gx is not null)
            base.ConvolutionBackwardData(problem, readGy, w!, writtenGx!);
        widening.Store();
    }

    private void BackwardData(ConvolutionProblem problem, DataGradientPlan plan, Tensor gy, Operand? operand, Tensor w, Tensor gx)
    {
        if (!plan.IsComplete)
            Zero(gx.Pointer, gx.Bytes / sizeof(float));
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
                gx.Pointer,
                new GatherParameters
                {
                    Transform = KernelInputTransform.Identity,
                    XBfloat16 = Flag(gy),
                    YBfloat16 = Flag(gx),
                }
            );
        if (plan.Border is not null)
            AddMirrored(problem, plan.Border, gy, w, gx);
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
        // Others read them, too.
        using Coefficients coefficients = input is null ? default : CoefficientsOf(input);
        using SideBranch.Excursion aside = recorder.Aside(gw);
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
            XBfloat16 = Flag(x),
            GyBfloat16 = Flag(gy),
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

    /// <summary>Gathers the gradients of padded positions and adds them to the positions that they mirror.</summary>
    private void AddMirrored(ConvolutionProblem problem, MirroredBorder border, Tensor gy, Tensor w, Tensor gx)
    {
        PositionBox[] boxes = [.. MirroredBorder.MirroredPositions(problem)];
        if (boxes.Length == 0)
            return;
        Size3 paddedSize = MirroredBorder.PaddedSize(problem);
        long count = (long)problem.Batch * paddedSize.Count * problem.InputChannels;
        using Scratch padded = Rent(count * sizeof(float));
        if (!border.Complete)
            Zero(padded.Pointer, count);
        foreach ((GatherShape Shape, GatherPlan? Plan)[] strips in border.Strips.Zip(border.Plans).Chunk(GatherTable.Size))
        {
            GatherFamily family = strips[0].Plan!.Family;
            PackedWeights[] weights =
            [
                .. strips.Select(strip => Pack(strip.Shape, family, problem, w.Pointer, transposed: true)),
            ];
            var table = default(GatherTable);
            for (int i = 0; i < strips.Length; i++)
                table[i] = Complete(
                    new GatherParameters
                    {
                        X = gy.Pointer,
                        XBfloat16 = Flag(gy),
                        Weights = weights[i].Pointer,
                        Y = padded.Pointer,
                        Samples = border.Samples,
                        Transform = KernelInputTransform.Identity,
                    },
                    strips[i].Shape,
                    strips[i].Plan!
                );
            var geometry = new LaunchGeometry(
                strips.Max(strip => strip.Plan!.Tiles.Count),
                Divide(problem.InputChannels, family.Tile),
                strips.Length * border.Samples,
                family.Threads,
                strips.Max(strip => strip.Plan!.SharedBytes)
            );
            kernels.Launch(
                $"convolution/{DataPass}",
                $"convolution_{DataPass}_many_{family.Name}_{family.Tile}",
                geometry,
                table
            );
            foreach (PackedWeights packed in weights)
                packed.Dispose();
        }

        var fold = new FoldParameters
        {
            Padded = padded.Pointer,
            Gx = gx.Pointer,
            Samples = problem.Batch,
            Channels = problem.InputChannels,
            Input = problem.Input,
            PadBefore = problem.PadBefore,
            PaddedSize = paddedSize,
        };
        boxes.CopyTo(fold.Boxes);
        kernels.LaunchTable(
            "convolution/backward_data",
            "convolution_fold",
            problem.Batch * problem.InputChannels * boxes.Max(box => box.Size.Count),
            boxes.Length,
            fold
        );
    }

    private static bool Suits(Tensor tensor, bool bfloat16) => tensor.DType != DType.BFloat16 || bfloat16;

    private static int Flag(Tensor tensor) => tensor.DType == DType.BFloat16 ? 1 : 0;

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
        using PackedWeights packed = Pack(shape, family, problem, w, transposed);
        (parameters.X, parameters.Operand) =
            operand is not null && family.TakesOperand ? (operand.Pointer, operand.Layout) : (x.Pointer, default);
        (parameters.Weights, parameters.Y, parameters.Samples) = (packed.Pointer, y, problem.Batch);
        LaunchGeometry geometry = plan.Geometry(Divide(shape.Outputs, family.Tile), problem.Batch, kernels.Multiprocessors);
        kernels.Launch(
            $"convolution/{pass}",
            $"convolution_{pass}_{family.Name}_{family.Tile}",
            geometry,
            Complete(parameters, shape, plan)
        );
    }

    /// <summary>Adds to a gather's parameters what its shape and its plan say.</summary>
    private static GatherParameters Complete(GatherParameters parameters, GatherShape shape, GatherPlan plan)
    {
        (parameters.Channels, parameters.Outputs, parameters.Chunk) = (
            shape.Channels,
            shape.Outputs,
            plan.Family.Chunk(shape.Channels)
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
        return parameters;
    }

    /// <summary>The weights in the order in which a gather reads them. Those of recorded work are packed before it.</summary>
    private PackedWeights Pack(GatherShape shape, GatherFamily family, ConvolutionProblem problem, nint w, bool transposed)
    {
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
        if (packed != 0)
            return new PackedWeights(packed, null);
        Scratch own = Rent(bytes);
        pack.Packed = own.Pointer;
        kernels.LaunchElementwise("convolution/pack", $"convolution_pack_{family.PackName}", runs, pack);
        return new PackedWeights(own.Pointer, own);
    }

    /// <summary>The normalization as scale and shift per sample and channel, and its drawn dropout mask.</summary>
    private static KernelInputTransform TransformOf(InputNormalization? input, Coefficients coefficients, DrawnMask mask) =>
        input is null
            ? KernelInputTransform.Identity
            : new KernelInputTransform(coefficients.Scale, coefficients.Shift, input.Problem.Slope, mask.Kernel);

    /// <summary>Where packed weights are, and what they were packed into for one launch.</summary>
    private readonly record struct PackedWeights(nint Pointer, Scratch? Own) : IDisposable
    {
        public void Dispose() => Own?.Dispose();
    }
}
