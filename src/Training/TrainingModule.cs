using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Training;

/// <summary>A network, or another set of parameters, of a method.</summary>
/// <param name="Name">Its name in checkpoints; empty for the one that predicts, whose parameters have no prefix there.</param>
/// <param name="Parameters">What it consists of.</param>
/// <param name="IsFrozen">Never changes, is no part of checkpoints, and is not disposed of with the
/// method: a teacher that was trained before.</param>
public sealed record TrainingModule(string Name, ParameterStore Parameters, bool IsFrozen = false)
{
    /// <summary>Name of the module that predicts.</summary>
    public const string Predictor = "";

    /// <summary>A name of one of its tensors in a checkpoint.</summary>
    internal string NameOf(string tensor) => Name.Length == 0 ? tensor : $"{Name}/{tensor}";
}
