using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary>
/// The stages that are compared. Where the teacher has another number of channels there, a 1x1 convolution with batch
/// normalization leads from the student's to the teacher's; it is trained with the student and is no part of the model that
/// predicts.
/// </summary>
internal sealed class StageAdaptors
{
    /// <summary>Name of the module in checkpoints.</summary>
    public const string Name = "adaptors";

    private static readonly NormalizationSettings Norm = new(
        NormalizationKind.Batch,
        Modalities: 1,
        Decay: 0.9,
        Epsilon: 1e-5,
        Slope: 1
    );

    private readonly Dictionary<NetworkStage, (Conv Conv, ModalityNorm Norm)> adaptors = [];

    /// <param name="device">Where the adaptors lie.</param>
    /// <param name="student">Learns.</param>
    /// <param name="teacher">Judges.</param>
    /// <param name="names">Of stages that both have.</param>
    /// <param name="seed">Of the adaptors' first values.</param>
    /// <exception cref="InvalidDataException">A network has no stage of a name, or makes logits there.</exception>
    public StageAdaptors(Device device, IStagedNetwork student, IStagedNetwork teacher, StageNames names, ulong seed)
    {
        Parameters = new ParameterStore(device, DType.Float32, seed);
        Stages = [.. names.Names.Select(name => (Find("the student", student, name), Find("the teacher", teacher, name)))];
        foreach ((NetworkStage own, NetworkStage theirs) in Stages.Where(pair => pair.Student.Channels != pair.Teacher.Channels))
        {
            adaptors[own] = (
                new Conv(
                    Parameters,
                    $"{own.Name}.conv",
                    own.Channels,
                    theirs.Channels,
                    Size3.One,
                    Initializer.Normal(Math.Sqrt(1.0 / own.Channels)),
                    storesActivation: true
                ),
                new ModalityNorm(Parameters, $"{own.Name}.norm", theirs.Channels, Norm)
            );
        }
    }

    public ParameterStore Parameters { get; }

    /// <summary>By the order in which they were named.</summary>
    public IReadOnlyList<(NetworkStage Student, NetworkStage Teacher)> Stages { get; }

    /// <summary>The student's features in the teacher's channels.</summary>
    /// <param name="context">The student's pass.</param>
    /// <param name="stage">Of the student.</param>
    /// <param name="features">That it left.</param>
    public Variable Adapt(ForwardContext context, NetworkStage stage, Variable features) =>
        adaptors.TryGetValue(stage, out (Conv Conv, ModalityNorm Norm) adaptor)
            ? adaptor.Norm.Forward(context, adaptor.Conv.Forward(context, features), DropoutMask.None)
            : features;

    /// <summary>The stage of a name.</summary>
    /// <exception cref="InvalidDataException">There is none, or it makes the logits.</exception>
    public static NetworkStage Find(string whose, IStagedNetwork network, string name)
    {
        // The logits have no positions to take statistics of.
        NetworkStage[] known = [.. network.Stages.SkipLast(1)];
        return known.FirstOrDefault(stage => stage.Name == name)
            ?? throw new InvalidDataException(
                $"adain.stages: {whose} has no stage '{name}'; it has {string.Join(", ", known.Select(stage => stage.Name))}"
            );
    }
}
