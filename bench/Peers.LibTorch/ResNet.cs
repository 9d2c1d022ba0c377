using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// The residual network of small images as a TorchSharp user would write it: He et al. 2015, arXiv:1512.03385, section 4.2, with
/// shortcuts without parameters. 269,722 parameters at depth 20 and width 16.
/// </summary>
internal sealed class ResNet
{
    private const double Momentum = 0.1,
        Epsilon = 1e-5;

    private readonly List<Func<Tensor, Tensor>> stages = [];

    public ResNet(PeerParameters parameters, int depth, int width, int inputs, int classes)
    {
        Parameters = parameters;
        stages.Add(Unit(inputs, width, stride: 1, hasRelu: true));
        int channels = width;
        for (int group = 0; group < 3; group++)
        {
            for (int block = 0; block < (depth - 2) / 6; block++)
            {
                int outputs = width << group;
                stages.Add(Block(channels, outputs, stride: group > 0 && block == 0 ? 2 : 1));
                channels = outputs;
            }
        }

        Parameter weight = parameters.Kernel(classes, channels),
            bias = parameters.Vector(classes, 0);
        stages.Add(x => linear(x.mean([2, 3]), weight, bias));
    }

    public PeerParameters Parameters { get; }

    /// <summary>Images (batch, channels, height, width) to logits.</summary>
    public Tensor Forward(Tensor images) => stages.Aggregate(images, (x, stage) => Scoped.Run(() => stage(x)));

    private Func<Tensor, Tensor> Block(int inputs, int outputs, int stride)
    {
        Func<Tensor, Tensor> first = Unit(inputs, outputs, stride, hasRelu: true),
            second = Unit(outputs, outputs, stride: 1, hasRelu: false);
        int margin = (outputs - inputs) / 2;
        return x => second(first(x)).add_(Shortcut(x)).relu_();

        Tensor Shortcut(Tensor x) =>
            stride == 1
                ? x
                : pad(
                    x[TensorIndex.Colon, TensorIndex.Colon, TensorIndex.Slice(step: stride), TensorIndex.Slice(step: stride)],
                    [0, 0, 0, 0, margin, margin]
                );
    }

    private Func<Tensor, Tensor> Unit(int inputs, int outputs, int stride, bool hasRelu)
    {
        Parameter kernel = Parameters.Kernel(outputs, inputs, 3, 3),
            gamma = Parameters.Vector(outputs, 1),
            beta = Parameters.Vector(outputs, 0);
        Tensor mean = zeros(outputs),
            variance = ones(outputs);
        return x =>
        {
            Tensor sum = conv2d(x, kernel, strides: [stride, stride], padding: [1, 1]),
                y = batch_norm(sum, mean, variance, gamma, beta, training: true, Momentum, Epsilon);
            return hasRelu ? y.relu_() : y;
        };
    }
}
