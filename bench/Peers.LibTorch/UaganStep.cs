using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// One step of UAGAN: the generator segments and translates; the discriminator learns from images and translations, with the
/// gradient penalty; then the generator learns from it, and from what it makes of its translations. As in the engine the
/// generator runs once for both halves.
/// </summary>
internal sealed class UaganStep : IPeerStep
{
    private const double Penalty = 10,
        Cycle = 10,
        Shape = 100,
        Segmentation = 100,
        Smallest = 1e-12;
    private const int DiscriminatorChannels = 64,
        DiscriminatorDepth = 6;

    private readonly TwoStreamUNet generator;
    private readonly Discriminator discriminator;
    private readonly Tensor images,
        labels,
        own,
        targets,
        classWeights;
    private readonly Adam ofGenerator,
        ofDiscriminator;

    /// <exception cref="ArgumentException">The batch has not two modalities.</exception>
    public UaganStep(Options options)
    {
        int modalities = PeerNetwork.Modalities;
        if (options.Batch % modalities != 0)
            throw new ArgumentException($"--batch {options.Batch} must be even: half of it is of each modality");
        generator = new TwoStreamUNet(new PeerParameters(options.Layout), options.Channels, modalities, PeerNetwork.Classes);
        discriminator = new Discriminator(
            new PeerParameters(options.Layout),
            options.Size,
            modalities,
            DiscriminatorChannels,
            DiscriminatorDepth
        );
        MadeUpImages batch = MadeUpImages.Of(options, 0, options.Batch);
        images = batch.Images;
        labels = batch.Labels;
        own = tensor(Enumerable.Range(0, options.Batch).Select(i => (long)(i * modalities / options.Batch)).ToArray());
        targets = own.flip(0);
        classWeights = tensor(new[] { 0.02f, 0.98f, 0.98f, 0.98f, 0.98f });
        (ofGenerator, ofDiscriminator) = (Optimizer(generator.Parameters), Optimizer(discriminator.Parameters));

        static Adam Optimizer(PeerParameters parameters) => optim.Adam(parameters.All, lr: 1e-4, beta1: 0, beta2: 0.999);
    }

    public long Parameters => generator.Parameters.Count + discriminator.Parameters.Count;

    public void Run()
    {
        using var scope = NewDisposeScope();
        (Tensor logits, Tensor translation) = generator.Forward(images, targets);
        Descent.Step(ofDiscriminator, discriminator.Parameters, () => Criticize(translation.detach()));
        Descent.Step(ofGenerator, generator.Parameters, () => Persuade(logits, translation));
        Descent.Clear(discriminator.Parameters);
    }

    public void Dispose()
    {
        ofGenerator.Dispose();
        ofDiscriminator.Dispose();
    }

    private Tensor Criticize(Tensor fake)
    {
        (Tensor ofReal, Tensor modality) = discriminator.Forward(images);
        (Tensor ofFake, _) = discriminator.Forward(fake);
        Tensor between = (fake + (0.5 * (images - fake))).detach().requires_grad_();
        (Tensor realness, _) = discriminator.Forward(between);
        Tensor slope = autograd.grad([realness.sum()], [between], retain_graph: true, create_graph: true)[0],
            steepness = (slope.square().sum([1, 2, 3]) + Smallest).sqrt();
        return ofFake.mean() - ofReal.mean() + cross_entropy(modality, own) + (Penalty * (steepness - 1).square().mean());
    }

    /// <summary>The discriminator's parameters are constants here, as in the engine.</summary>
    private Tensor Persuade(Tensor logits, Tensor translation)
    {
        foreach (Parameter parameter in discriminator.Parameters.All)
            parameter.requires_grad = false;
        (Tensor realness, Tensor modality) = discriminator.Forward(translation);
        foreach (Parameter parameter in discriminator.Parameters.All)
            parameter.requires_grad = true;
        (Tensor logitsOfTranslation, Tensor back) = generator.Forward(translation, own);
        return cross_entropy(modality, targets)
            - realness.mean()
            + (Segmentation * cross_entropy(logits, labels, classWeights))
            + (Cycle * l1_loss(back, images))
            + (Shape * cross_entropy(logitsOfTranslation, labels, classWeights));
    }
}
