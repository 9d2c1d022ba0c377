using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Training;

/// <summary>What a run is validated on, with the method's present weights.</summary>
public interface IValidation
{
    /// <summary>Cases; nothing is validated where there are none.</summary>
    int Count { get; }

    /// <summary>Validates with the present weights.</summary>
    ValidationReport Run();
}
