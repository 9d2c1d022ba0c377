using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class PixelShuffleTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    [Test]
    public void MatchesTheDefinitionAndItsInverse(
        [Values(1, 2, 3, 8)] int factor,
        [Values(1, 5, 17)] int channels,
        [Values] bool transposed
    )
    {
        Tensor x = Normal(new Shape(2, 2, 3, 5, channels * factor * factor));
        Tensor y = Output(new Shape(2, 2, 3 * factor, 5 * factor, channels)),
            back = Output(x.Shape);
        Backend.PixelShuffle(x, factor, transposed, y);
        double[] packed = Read(x),
            expected = new double[packed.Length];
        int i = 0;
        for (int plane = 0; plane < 4; plane++)
        {
            for (int row = 0; row < 3 * factor; row++)
            {
                for (int column = 0; column < 5 * factor; column++)
                {
                    for (int c = 0; c < channels; c++)
                    {
                        (int p, int q) = transposed ? (column % factor, row % factor) : (row % factor, column % factor);
                        int position = (((plane * 3) + (row / factor)) * 5) + (column / factor);
                        expected[i++] = packed[(((((position * channels) + c) * factor) + p) * factor) + q];
                    }
                }
            }
        }

        AssertClose(y, expected);
        Backend.PixelUnshuffle(y, factor, transposed, back);
        AssertClose(back, packed);
    }
}
