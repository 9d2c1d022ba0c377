using System.Runtime.InteropServices;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Runs.Transfer;

/// <summary>Which index of another tensor's axis each index of a tensor's axis is taken from; null where from none.</summary>
/// <param name="Axis">Of both tensors.</param>
/// <param name="Sources">By index.</param>
internal sealed record RowMap(int Axis, IReadOnlyList<int?> Sources)
{
    /// <summary>Whether it is one that changes nothing.</summary>
    public bool IsIdentity(int extent) =>
        Sources.Count == extent && Sources.Select((source, index) => source == index).All(isSame => isSame);

    /// <summary>Rows by name: the first of the same name, upper or lower case.</summary>
    public static IReadOnlyList<int?> ByName(IReadOnlyList<string> names, IReadOnlyList<string> others) =>
        [
            .. names.Select(name =>
                others.Index().Where(other => string.Equals(other.Item, name, StringComparison.OrdinalIgnoreCase)) is var same
                && same.Any()
                    ? same.First().Index
                    : (int?)null
            ),
        ];

    /// <summary>A tensor's values with the rows that are taken from another one.</summary>
    public NamedArray Apply(NamedArray target, NamedArray source)
    {
        int inner = 1;
        for (int axis = Axis + 1; axis < target.Shape.Rank; axis++)
            inner *= target.Shape[axis];
        float[] values = MemoryMarshal.Cast<byte, float>(target.Bytes.Span).ToArray();
        ReadOnlySpan<float> others = MemoryMarshal.Cast<byte, float>(source.Bytes.Span);
        (int rows, int otherRows) = (target.Shape[Axis], source.Shape[Axis]);
        int outer = values.Length / (rows * inner);
        for (int o = 0; o < outer; o++)
        {
            for (int row = 0; row < rows; row++)
            {
                if (Sources[row] is { } from)
                    others.Slice(((o * otherRows) + from) * inner, inner).CopyTo(values.AsSpan(((o * rows) + row) * inner));
            }
        }

        return target with
        {
            Bytes = MemoryMarshal.AsBytes(values.AsSpan()).ToArray(),
        };
    }

    /// <summary>Whether both shapes are the same but along the axis.</summary>
    public bool Fits(Shape target, Shape source) =>
        target.Rank == source.Rank
        && Enumerable.Range(0, target.Rank).All(axis => axis == Axis || target[axis] == source[axis])
        && Sources.All(from => from is null || from < source[Axis]);
}
