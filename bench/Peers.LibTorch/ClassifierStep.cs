using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// One step of supervised training of a residual network on small images: SGD with momentum, decay of all weights.
/// </summary>
internal sealed class ClassifierStep : IPeerStep
{
    private const int Classes = 10,
        Channels = 3;

    private readonly ResNet network;
    private readonly Tensor images,
        labels;
    private readonly SGD optimizer;

    public ClassifierStep(Options options)
    {
        network = new ResNet(new PeerParameters(options.Layout), depth: 20, options.Channels, Channels, Classes);
        images = options.Layout.Arrange(
            Layouts.ChannelsSecond(MadeUpImages.Waves(0, options.Batch, options.Size, options.Size, Channels))
        );
        labels = tensor(Enumerable.Range(0, options.Batch).Select(i => (long)(i % Classes)).ToArray());
        optimizer = optim.SGD(network.Parameters.All, learningRate: 0.1, momentum: 0.9, weight_decay: 5e-4);
    }

    public long Parameters => network.Parameters.Count;

    public void Run() => Descent.Step(optimizer, network.Parameters, () => cross_entropy(network.Forward(images), labels));

    public void Dispose() => optimizer.Dispose();
}
