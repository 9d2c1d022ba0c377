using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Compilation;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>A row of kernels/costs.md: one round of a loop, as a thread runs it.</summary>
/// <param name="Instructions">With called subroutines.</param>
/// <param name="Fences">MEMBARs.</param>
/// <param name="Load">Bytes of global memory.</param>
/// <param name="Store">Bytes of global memory.</param>
/// <param name="Products">Of tensor cores.</param>
internal readonly record struct LoopCost(int Instructions, int Fences, int Load, int Store, int Products);

/// <summary>What kernels/costs.md and kernels/ledger.md say about a kernel; nothing of one that they do not have.</summary>
/// <param name="Kernel">Its name.</param>
internal sealed record KernelCost(string Kernel)
{
    /// <summary>Whether the costs have the kernel.</summary>
    public bool IsKnown => CodeBytes > 0;

    public int CodeBytes { get; init; }

    /// <summary>The loop that multiplies.</summary>
    public LoopCost Products { get; init; }

    /// <summary>The loop that moves most.</summary>
    public LoopCost Memory { get; init; }

    /// <summary>What surrounds the loop that multiplies, or else the one that moves most.</summary>
    public LoopCost Around { get; init; }

    /// <summary>All other loops that load global memory, each once.</summary>
    public LoopCost Other { get; init; }

    /// <summary>Of a thread.</summary>
    public int Registers { get; init; } = 64;

    public int StaticSharedBytes { get; init; }

    /// <summary>Instructions of all code.</summary>
    public int Instructions => CodeBytes / 16;

    /// <summary>Instructions that a thread passes once: around its loop, or all that is not loop.</summary>
    public int Straight =>
        Around.Instructions > 0
            ? Around.Instructions
            : Math.Max(0, Instructions - Products.Instructions - Memory.Instructions - Other.Instructions);
}

/// <summary>The costs of all kernels, by name.</summary>
public sealed partial class KernelCosts
{
    private readonly Dictionary<string, KernelCost> kernels = [];

    private KernelCosts(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The costs of the kernels that the program has, which are shipped beside their sources.</summary>
    public static string ShippedPath => System.IO.Path.Combine(KernelSources.Shipped.Folder, "costs.md");

    /// <summary>Whether the costs say what surrounds loops; older ones do not, so that what tiles store costs nothing.</summary>
    public bool HasSurroundings => kernels.Values.Any(kernel => kernel.Around.Instructions > 0);

    /// <summary>Reads a costs.md of tools/kernel-costs.py, and registers and shared memory from the shipped ledger.</summary>
    /// <exception cref="InvalidDataException">The file is missing, has no rows or a damaged one; the message names
    /// it.</exception>
    public static KernelCosts Read(string? path = null)
    {
        var costs = new KernelCosts(path ?? ShippedPath);
        foreach ((int number, string line) in Lines(costs.Path))
        {
            if (!line.StartsWith("| ", StringComparison.Ordinal) || line.StartsWith("| kernel ", StringComparison.Ordinal))
                continue;
            string[] cells = [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];
            if (!costs.Add(cells))
                throw new InvalidDataException(
                    $"'{costs.Path}', line {number}: no row of kernel costs: {OneLine.Of(line)}; write the file with tools/kernel-costs.py"
                );
        }

        if (costs.kernels.Count == 0)
            throw new InvalidDataException($"'{costs.Path}': no kernel costs; expected a file that tools/kernel-costs.py wrote");
        costs.AddLedger(System.IO.Path.Combine(KernelSources.Shipped.Folder, "ledger.md"));
        return costs;
    }

    /// <summary>
    /// The costs of a kernel. One whose threads take eight channels has those of its scalar form where the costs are older.
    /// </summary>
    internal KernelCost Find(string kernel) =>
        kernels.GetValueOrDefault(kernel)
        ?? (
            kernel.EndsWith(SweepPlan.WideSuffix, StringComparison.Ordinal)
                ? kernels.GetValueOrDefault(kernel[..^SweepPlan.WideSuffix.Length])
                : null
        )
        ?? new KernelCost(kernel);

    private static IEnumerable<(int Number, string Line)> Lines(string path) =>
        Encoding
            .UTF8.GetString(InputFile.ReadAll(path, JsonFile.MostBytes))
            .Split('\n')
            .Select((line, i) => (i + 1, line.TrimEnd('\r')));

    /// <summary>Kernel, code, loop, instructions, per element, divisions, fences, global, shared, products, special.</summary>
    private bool Add(string[] cells)
    {
        const int Columns = 11;
        if (cells.Length != Columns || !int.TryParse(cells[1], NumberStyles.None, CultureInfo.InvariantCulture, out int code))
            return false;
        KernelCost kernel = kernels.GetValueOrDefault(cells[0], new KernelCost(cells[0]) { CodeBytes = code });
        if (cells[2] == "none")
        {
            kernels[cells[0]] = kernel;
            return true;
        }

        int[] numbers =
        [
            .. Number()
                .Matches(string.Join(' ', cells[3], cells[6], cells[7], cells[9]))
                .Select(match => int.Parse(match.Value, CultureInfo.InvariantCulture)),
        ];
        if (numbers is not [int instructions, int fences, int load, int store, int products])
            return false;
        var loop = new LoopCost(instructions, fences, load, store, products);
        KernelCost? extended = cells[2] switch
        {
            "products" => kernel with { Products = loop },
            "memory" => kernel with { Memory = loop },
            "around" => kernel with { Around = loop },
            "other" => kernel with { Other = loop },
            _ => null,
        };
        if (extended is not null)
            kernels[cells[0]] = extended;
        return extended is not null;
    }

    private void AddLedger(string path)
    {
        foreach ((_, string line) in Lines(path))
        {
            if (
                LedgerRow().Match(line) is { Success: true } row
                && kernels.TryGetValue(row.Groups[1].Value, out KernelCost? kernel)
            )
                kernels[kernel.Kernel] = kernel with
                {
                    Registers = int.Parse(row.Groups[2].ValueSpan, CultureInfo.InvariantCulture),
                    StaticSharedBytes = int.Parse(row.Groups[3].ValueSpan, CultureInfo.InvariantCulture),
                };
        }
    }

    [GeneratedRegex("[0-9]{1,9}")]
    private static partial Regex Number();

    [GeneratedRegex(@"^\| (\w+) \| sm_90a \| ([0-9]{1,6}) \| ([0-9]{1,6}) \|")]
    private static partial Regex LedgerRow();
}
