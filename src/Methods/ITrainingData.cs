using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods;

/// <summary>What a run trains and validates on, read and prepared.</summary>
public interface ITrainingData
{
    /// <summary>What it is, for a person: the end of "training on ...".</summary>
    string Description { get; }

    /// <summary>What is odd about it.</summary>
    IReadOnlyList<string> Warnings { get; }

    /// <summary>How much there is to validate on.</summary>
    int ValidationCount { get; }

    /// <summary>What is counted: "cases", "images".</summary>
    string Unit { get; }

    /// <summary>Memory that what was read takes, bytes.</summary>
    long Bytes { get; }

    /// <summary>What batches are drawn from.</summary>
    ISampleSource Samples(TrainingConfig config);

    /// <summary>The method of a configuration for such data, and how its present weights are validated.</summary>
    /// <exception cref="InvalidDataException">The method needs something else that is not there, such as a teacher.</exception>
    (TrainingMethod Method, IValidation Validation) Create(Backend backend, TrainingConfig config);
}
