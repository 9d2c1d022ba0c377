using System.Globalization;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>Where a sample was drawn from; put into words only when somebody asks.</summary>
/// <param name="Form">Composite format of the words: {0} is the source, {1} to {3} the numbers.</param>
/// <param name="Source">A case, a file.</param>
/// <param name="First">A number that tells samples of the source apart.</param>
/// <param name="Second">Another one.</param>
/// <param name="Third">And another.</param>
public readonly record struct SampleOrigin(string Form, string Source, int First = 0, int Second = 0, int Third = 0)
{
    /// <summary>"ct_003 slice 17".</summary>
    public override string ToString() => string.Format(CultureInfo.InvariantCulture, Form, Source, First, Second, Third);
}
