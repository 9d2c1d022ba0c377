using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class ReductionTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    [TestCase(1, 1, 1)]
    [TestCase(3, 5, 7)]
    [TestCase(2, 33, 17)]
    [TestCase(1, 40_003, 1)]
    [TestCase(5, 2_000, 16)]
    [TestCase(2000, 3, 1)]
    public void SumAndBroadcast(int outer, int reduced, int inner)
    {
        Tensor x = Normal(new Shape(outer, reduced, inner)),
            y = Output(new Shape(outer, inner)),
            spread = Output(x.Shape);
        Backend.Sum(x, outer, reduced, inner, y);
        double[] values = Read(x),
            expected = new double[outer * inner];
        for (int i = 0; i < values.Length; i++)
            expected[(i / (reduced * inner) * inner) + (i % inner)] += values[i];
        AssertClose(y, expected);

        Backend.Broadcast(y, outer, reduced, inner, spread);
        double[] sums = Read(y);
        AssertClose(
            spread,
            [.. Enumerable.Range(0, values.Length).Select(i => sums[(i / (reduced * inner) * inner) + (i % inner)])]
        );
    }

    [Test]
    public void CopyChannelsLeavesTheOthers()
    {
        Tensor x = Normal(new Shape(4, 5, 7)),
            y = Normal(new Shape(4, 5, 9));
        double[] from = Read(x),
            before = Read(y);
        Backend.CopyChannels(x, 2, y, 5, 3);
        double[] expected =
        [
            .. Enumerable
                .Range(0, before.Length)
                .Select(i => (i % 9) is >= 5 and < 8 ? from[(i / 9 * 7) + (i % 9) - 3] : before[i]),
        ];
        Assert.That(Read(y), Is.EqualTo(expected));
    }

    /// <summary>A part of a tensor begins anywhere.</summary>
    [Test]
    public void PartsAreReadAndWrittenAlone([Values(0, 7, 16)] int first)
    {
        Tensor whole = Normal(new Shape(5, 8)),
            part = whole.Part(first, new Shape(3, 7));
        double[] before = Read(whole);
        Backend.Affine(part, 2, 0, part);
        Assert.That(Read(part.Reshape(new Shape(21))), Is.EqualTo(before[first..(first + 21)].Select(value => 2 * value)));
        Assert.That(
            Read(whole),
            Is.EqualTo(before.Select((value, i) => i >= first && i < first + 21 ? 2 * value : value).ToArray())
        );
    }

    [Test]
    public void MatMul(
        [Values] bool transposeA,
        [Values] bool transposeB,
        [Values(1, 7, 130)] int rows,
        [Values(1, 5, 67)] int columns,
        [Values(1, 16, 61)] int depth
    ) => CheckMatMul(transposeA, transposeB, rows, columns, depth);

    /// <summary>More rows and products than a unit of the processor takes at a time.</summary>
    [Test]
    public void MatMulOfManyRows([Values] bool transposeA, [Values] bool transposeB) =>
        CheckMatMul(transposeA, transposeB, 261, 18, 1030);

    private void CheckMatMul(bool transposeA, bool transposeB, int rows, int columns, int depth)
    {
        Tensor a = Normal(transposeA ? new Shape(depth, rows) : new Shape(rows, depth));
        Tensor b = Normal(transposeB ? new Shape(columns, depth) : new Shape(depth, columns));
        Tensor y = Output(new Shape(rows, columns));
        Backend.MatMul(a, transposeA, b, transposeB, y);
        double[] left = Read(a),
            right = Read(b),
            expected = new double[rows * columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                for (int k = 0; k < depth; k++)
                    expected[(i * columns) + j] +=
                        left[transposeA ? (k * rows) + i : (i * depth) + k]
                        * right[transposeB ? (j * depth) + k : (k * columns) + j];
            }
        }

        AssertClose(y, expected);
    }
}
