namespace UnpairedSegEngine.Experiments;

/// <summary>A part of a report, whatever the format it is written in.</summary>
internal sealed record ReportSection(string Title)
{
    public IReadOnlyList<string> Paragraphs { get; init; } = [];

    public IReadOnlyList<ReportTable> Tables { get; init; } = [];

    public IReadOnlyList<ReportMatrix> Matrices { get; init; } = [];

    public IReadOnlyList<ReportPicture> Pictures { get; init; } = [];
}

/// <summary>A table; its first column is text, the others are figures.</summary>
internal sealed record ReportTable(string Caption, IReadOnlyList<string> Header, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <summary>A square of shares from 0 to 1.</summary>
/// <param name="Caption">Stands above it.</param>
/// <param name="Names">Of rows and columns.</param>
/// <param name="Values">By row; null where a row is unknown.</param>
internal sealed record ReportMatrix(string Caption, IReadOnlyList<string> Names, IReadOnlyList<double[]?> Values);

/// <summary>A picture: SVG or PNG by the ending of its name.</summary>
internal sealed record ReportPicture(string Caption, string FileName, byte[] Content);
