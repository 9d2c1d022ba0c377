using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Parameters;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace UnpairedSegEngine.Bench.Micro;

/// <summary>What a benchmark achieves: GFLOP/s where its formula counts FLOPs, GB/s elsewhere.</summary>
internal sealed class RateColumn : IColumn
{
    public string Id => nameof(RateColumn);

    public string ColumnName => "Rate";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Statistics;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => "FLOPs by formula (GFLOP/s), or bytes read and written once each (GB/s), over the mean time";

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        if (summary[benchmarkCase]?.ResultStatistics is not { } time)
            return "-";
        var bench = (Workbench)Activator.CreateInstance(benchmarkCase.Descriptor.Type)!;
        foreach (ParameterInstance parameter in benchmarkCase.Parameters.Items)
            bench.GetType().GetProperty(parameter.Name)!.SetValue(bench, parameter.Value);
        (double amount, string unit) =
            bench.Flops > 0 ? (bench.Flops, "GFLOP/s") : (bench.Bytes(benchmarkCase.Descriptor.WorkloadMethod.Name), "GB/s");
        return string.Create(CultureInfo.InvariantCulture, $"{amount / time.Mean:F1} {unit}");
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public bool IsAvailable(Summary summary) => true;
}
