using System.Text;
using System.Text.Json;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Inspectors;

/// <summary>Describes one kind of file or folder.</summary>
internal interface IInspector
{
    /// <summary>Keys are snake_case.</summary>
    static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    string ToJson();

    string ToText();

    /// <summary>What is wrong and what is odd.</summary>
    IReadOnlyList<Finding> Findings => [];

    /// <summary>The errors in words, for JSON.</summary>
    static IEnumerable<string> Messages(IEnumerable<Finding> findings, Severity severity) =>
        findings.Where(finding => finding.Severity == severity).Select(finding => OneLine.Of(finding.Message));

    /// <summary>Findings as objects of JSON.</summary>
    static IEnumerable<object> Json(IEnumerable<Finding> findings) =>
        findings.Select(finding => new
        {
            Severity = finding.Severity == Severity.Error ? "error" : "warning",
            finding.Case,
            Message = OneLine.Of(finding.Message),
        });

    /// <summary>Writes the warnings; errors go to the error stream.</summary>
    static void AppendWarnings(StringBuilder text, IReadOnlyList<Finding> findings)
    {
        foreach (string warning in Messages(findings, Severity.Warning))
            text.AppendLine($"warning: {warning}");
    }

    /// <summary>"2 errors, no warnings".</summary>
    static string Count(IReadOnlyList<Finding> findings)
    {
        int errors = findings.Count(finding => finding.Severity == Severity.Error);
        return $"{Number(errors, "error")}, {Number(findings.Count - errors, "warning")}";

        static string Number(int count, string what) =>
            count == 0 ? $"no {what}s"
            : count == 1 ? $"1 {what}"
            : $"{count} {what}s";
    }
}
