using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Export.Onnx;

internal sealed partial class OnnxTracer
{
    public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance)
    {
        base.NormalizationStatistics(problem, x, mean, variance);
        statisticsOf[mean.Pointer] = statisticsOf[variance.Pointer] = x.Pointer;
    }

    public override void NormalizationForward(
        NormalizationProblem problem,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor y
    )
    {
        base.NormalizationForward(problem, x, mean, variance, gamma, beta, y);
        known[y.Pointer] = Normalized(problem, x, mean, variance, gamma, beta);
    }

    private TracedResult Normalized(
        NormalizationProblem problem,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta
    )
    {
        TracedResult result = ResultOf(x);
        if (normalized.TryGetValue((result.Name, gamma.Pointer), out TracedResult? earlier))
            return earlier;
        if (problem.Dropout.IsActive)
            throw Untranslated("dropout");
        string name = LayerOf(gamma, ".gamma") ?? $"{result.Name}.norm";
        int modality = problem.Modality[0],
            channels = problem.Channels;
        float[] scale = Row(gamma),
            shift = Row(beta);
        string y;
        if (problem.Kind == NormalizationKind.Batch)
            y = ByConstants(Row(mean), Row(variance));
        else if (statisticsOf.GetValueOrDefault(mean.Pointer) != x.Pointer)
            throw Untranslated("a normalization by the statistics of another tensor");
        else if (problem.StatisticsGroups == channels)
            y = graph.Add(
                "InstanceNormalization",
                name,
                [
                    result.Name,
                    graph.Add($"{name}.gamma", new OnnxConstant([channels], scale)),
                    graph.Add($"{name}.beta", new OnnxConstant([channels], shift)),
                ],
                OnnxGraph.Attribute("epsilon", problem.Epsilon)
            );
        else
            y = ByGroups(problem.StatisticsGroups);

        TracedResult activated = result with { Name = Activated(y, problem.Slope, name) };
        normalized.Add((result.Name, gamma.Pointer), activated);
        return activated;

        float[] Row(Tensor tensor) => RequireConstant(tensor, "statistics").AsSpan(modality * channels, channels).ToArray();

        // gamma (x - mean) / sqrt(variance + epsilon) + beta as x * scale + shift.
        string ByConstants(float[] means, float[] variances)
        {
            double[] factors = [.. scale.Zip(variances, (g, v) => g / Math.Sqrt(v + problem.Epsilon))];
            string product = graph.Add(
                "Mul",
                $"{name}.scaled",
                [result.Name, PerChannel($"{name}.scale", [.. factors.Select(factor => (float)factor)], result.Shape)]
            );
            float[] terms = [.. Enumerable.Range(0, channels).Select(c => (float)(shift[c] - (means[c] * factors[c])))];
            return graph.Add("Add", name, [product, PerChannel($"{name}.shift", terms, result.Shape)]);
        }

        // Groups as the channels of an instance normalization, whose scale and shift are 1 and 0.
        string ByGroups(int groups)
        {
            string grouped = graph.Add("Reshape", $"{name}.groups", [result.Name, graph.Integers(0, groups, -1)]),
                moments = graph.Add(
                    "InstanceNormalization",
                    $"{name}.normalized",
                    [
                        grouped,
                        graph.Add($"{name}.ones", new OnnxConstant([groups], [.. Enumerable.Repeat(1f, groups)])),
                        graph.Add($"{name}.zeros", new OnnxConstant([groups], new float[groups])),
                    ],
                    OnnxGraph.Attribute("epsilon", problem.Epsilon)
                ),
                shape = graph.Add("Shape", $"{name}.shape", [result.Name]),
                back = graph.Add("Reshape", $"{name}.channels", [moments, shape]),
                product = graph.Add("Mul", $"{name}.scaled", [back, PerChannel($"{name}.gamma", scale, result.Shape)]);
            return graph.Add("Add", name, [product, PerChannel($"{name}.beta", shift, result.Shape)]);
        }
    }

    private string Activated(string x, double slope, string name) =>
        slope switch
        {
            1 => x,
            0 => graph.Add("Relu", $"{name}.relu", [x]),
            _ => graph.Add("LeakyRelu", $"{name}.leaky_relu", [x], OnnxGraph.Attribute("alpha", slope)),
        };
}
