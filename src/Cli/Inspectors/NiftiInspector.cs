using System.Globalization;
using System.Text.Json;
using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Cli.Inspectors;

internal sealed class NiftiInspector(string path) : IInspector
{
    private readonly Inspection inspection = Inspection.Of(path);

    public string ToJson() => JsonSerializer.Serialize(inspection, IInspector.Format);

    public string ToText()
    {
        Inspection i = inspection;
        (string Name, string Value)[] lines =
        [
            ("file", i.File),
            ("format", $"{i.Format}, {i.Endian}-endian"),
            ("shape", string.Join(" x ", i.Shape)),
            ("dtype", i.DataType),
            ("spacing", $"{Numbers(i.Spacing)} {i.Units}{(i.StoredUnits == i.Units ? "" : $" (xyzt_units: {i.StoredUnits})")}"),
            ("orientation", $"{i.Orientation} (from {i.AffineSource})"),
            ("affine", string.Join("; ", i.Affine.Select(Numbers))),
            ("scaling", i.Scaling is null ? "none" : $"slope {Number(i.Scaling[0])}, intercept {Number(i.Scaling[1])}"),
            ("min, max", $"{Number(i.Minimum)}, {Number(i.Maximum)}"),
            ("mean", Number(i.Mean)),
            ("non-finite", i.NonFinite.ToString(CultureInfo.InvariantCulture)),
            ("stored sha256", i.StoredSha256),
            ("scaled sha256", i.ScaledSha256 ?? "n/a"),
            .. i.Notes.Select(note => ("note", note)),
        ];
        return string.Join(Environment.NewLine, lines.Select(line => $"{line.Name, -14} {line.Value}"));
    }

    private static string Number(double? value) => value?.ToString("G7", CultureInfo.InvariantCulture) ?? "n/a";

    private static string Numbers(IEnumerable<double> values) => string.Join(", ", values.Select(value => Number(value)));
}
