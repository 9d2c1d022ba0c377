using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods;

/// <summary>
/// A trained network that looks at the student's samples. It runs with its running statistics; no gradient reaches its
/// parameters, and it never changes.
/// </summary>
internal abstract class Teacher : IDisposable
{
    private readonly IStagedNetwork network;
    private readonly IDisposable model;

    /// <param name="name">Of its module.</param>
    /// <param name="network">Of a finished run.</param>
    /// <param name="model">Has the network; disposed of with the teacher.</param>
    protected Teacher(string name, IStagedNetwork network, IDisposable model)
    {
        (this.network, this.model) = (network, model);
        Module = new TrainingModule(name, network.Parameters, IsFrozen: true);
        foreach (Parameter parameter in network.Parameters.All)
            parameter.Variable.RequiresGradient = false;
    }

    public TrainingModule Module { get; }

    /// <summary>Logits (samples, ..., classes), constants for the student.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="samples">As the student's method has them.</param>
    /// <param name="taps">Stages whose results are to be left.</param>
    /// <param name="groups">Modality of each sample, where the network asks for it.</param>
    public Variable Look(Backend backend, Variable samples, FeatureTaps? taps = null, ModalityIndex? groups = null)
    {
        var tape = new Tape(backend, recording: false);
        return network.Forward(new ForwardContext(tape, groups), Seen(tape, samples), taps);
    }

    /// <summary>
    /// Logits from the result of a stage on, or from others in its place: gradients reach these, not the teacher's parameters.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="output">Of one of the network's stages.</param>
    /// <param name="groups">Modality of each sample, where the network asks for it.</param>
    public Variable GoOn(Tape tape, StageOutput output, ModalityIndex? groups = null) =>
        network.ForwardFrom(new ForwardContext(tape, groups), output);

    public virtual void Dispose() => model.Dispose();

    /// <summary>What the network sees of the student's samples.</summary>
    protected virtual Variable Seen(Tape tape, Variable samples) => samples;
}
