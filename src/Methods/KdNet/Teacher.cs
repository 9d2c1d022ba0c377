using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.KdNet;

/// <summary>
/// A trained network that looks at all channels. It runs with its running statistics on a tape that records nothing: no gradient
/// reaches it, and it never changes.
/// </summary>
/// <param name="model">Of a finished run; disposed of with the teacher.</param>
internal sealed class Teacher(TrainedModel model) : IDisposable
{
    public TrainingModule Module { get; } = new("teacher", model.Network.Parameters, IsFrozen: true);

    public NetworkStage Bottleneck => model.Network.Bottleneck;

    /// <param name="backend">Computes.</param>
    /// <param name="images">With the channels of the teacher.</param>
    /// <param name="groups">Modality of each sample.</param>
    /// <param name="withFeatures">Whether the features at the bottleneck are asked for, too.</param>
    /// <returns>Logits, and features at the bottleneck.</returns>
    public (Variable Logits, Variable? Features) Look(Backend backend, Variable images, ModalityIndex groups, bool withFeatures)
    {
        var context = new ForwardContext(new Tape(backend, recording: false), groups, Training: false);
        FeatureTaps? taps = withFeatures ? new FeatureTaps(Bottleneck) : null;
        Variable logits = model.Network.Forward(context, images, taps);
        return (logits, taps?[Bottleneck].Features);
    }

    public void Dispose() => model.Dispose();
}
