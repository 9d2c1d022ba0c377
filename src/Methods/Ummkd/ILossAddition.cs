using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// What joins the loss of all steps beside the terms on sums over the logits, and what it keeps from step to step.
/// </summary>
internal interface ILossAddition
{
    /// <summary>Parameters of its own.</summary>
    IReadOnlyList<TrainingModule> Modules => [];

    /// <summary>Numbers that it keeps on the host.</summary>
    IReadOnlyList<HostNumbers> State => [];

    /// <summary>Samples with the tensors that it needs beside those that there are.</summary>
    ISampleSource Extend(ISampleSource samples) => samples;

    /// <summary>Its term of the steps on such batches.</summary>
    /// <param name="batch">What steps train on.</param>
    /// <param name="exchange">Makes a tensor that decisions read or load.</param>
    IAddedTerm TermOf(DeviceBatch batch, Func<Shape, DType, Tensor> exchange);
}

/// <summary>The term of an <see cref="ILossAddition"/> in a plan, through the parts of its steps.</summary>
internal interface IAddedTerm
{
    /// <summary>Whose features it reads.</summary>
    IReadOnlyList<NetworkStage> Stages { get; }

    /// <summary>Of the first part: from the features, which it releases, to what the decision reads.</summary>
    /// <param name="context">The network's pass.</param>
    /// <param name="taps">What the pass left of the stages.</param>
    void Forward(ForwardContext context, FeatureTaps taps);

    /// <summary>What it adds to the whole loss, and its losses; what the last part needs is loaded.</summary>
    /// <param name="sums">Over the logits, by modality.</param>
    (double Total, IReadOnlyList<LossTerm> Terms) Decide(IReadOnlyList<SegmentationSums> sums);

    /// <summary>Of the last part: the number with another added, whose gradient is that of the weighted term.</summary>
    Variable Join(Tape tape, Variable total);

    /// <summary>The decision was accepted: what is kept on the host changes.</summary>
    void Accepted() { }
}
