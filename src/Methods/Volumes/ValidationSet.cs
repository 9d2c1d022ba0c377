using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>Cases kept in memory that a run is validated on: prepared images beside the references on their own grids.</summary>
public sealed class ValidationSet : IValidationSet
{
    private readonly (PreparedCase Prepared, Volume<byte> Reference)[] cases;

    public ValidationSet(IReadOnlyList<DatasetCase> cases, SegmentationDataset dataset, PreprocessingSettings settings) =>
        this.cases = [
            .. cases.Select(source =>
            {
                LoadedCase loaded = CaseReader.Read(source, dataset.ClassNames);
                return (
                    PreparedCase.Prepare(loaded, settings, dataset.ClassNames.Count),
                    loaded.Labels
                        ?? throw new InvalidDataException($"case '{source.Id}': validation needs a reference segmentation")
                );
            }),
        ];

    public int Count => cases.Length;

    /// <summary>As the network sees them.</summary>
    public IEnumerable<PreparedCase> Cases => cases.Select(c => c.Prepared);

    public EvaluationReport Evaluate(CasePredictor predictor, IReadOnlyList<string> classNames)
    {
        var evaluator = new CaseEvaluator(predictor, classNames);
        return new EvaluationReport([.. cases.Select(c => evaluator.Evaluate(c.Prepared, c.Reference).Result)], evaluator.Organs);
    }
}
