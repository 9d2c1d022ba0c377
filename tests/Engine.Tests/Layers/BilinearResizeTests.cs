using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Engine.Tests.Autograd;
using UnpairedSegEngine.Engine.Tests.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Layers;

/// <summary>On every backend against the four neighbours of each place.</summary>
public sealed class BilinearResizeTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    private static readonly (Shape Input, (int Height, int Width) Output)[] Sizes =
    [
        (new Shape(2, 1, 7, 9, 3), (3, 4)),
        (new Shape(1, 1, 3, 2, 5), (6, 7)),
        (new Shape(3, 1, 4, 5, 1), (4, 5)),
        (new Shape(1, 1, 6, 5, 2), (1, 3)),
        (new Shape(2, 1, 1, 1, 4), (3, 2)),
        (new Shape(1, 1, 1, 1, 1), (1, 1)),
    ];

    [Test]
    public void Resizes([Range(0, 5)] int index)
    {
        (Shape shape, (int Height, int Width) size) = Sizes[index];
        using var resize = new BilinearResize(Backend.Device, (shape[2], shape[3]), size, Type);
        Tensor x = Normal(shape);
        Variable y = resize.Forward(new Tape(Backend, recording: false), new Variable(x));
        Assert.That(y.Shape, Is.EqualTo(new Shape(shape[0], 1, size.Height, size.Width, shape[4])));
        double[] values = Read(x),
            expected = new double[y.Shape.Count];
        for (int o = 0; o < expected.Length; o++)
        {
            int channel = o % shape[4],
                column = o / shape[4] % size.Width,
                row = o / shape[4] / size.Width % size.Height,
                image = o / shape[4] / size.Width / size.Height;
            foreach ((int h, double ofRow) in Neighbours(row, size.Height, shape[2]))
            {
                foreach ((int w, double ofColumn) in Neighbours(column, size.Width, shape[3]))
                    expected[o] += ofRow * ofColumn * values[(((((image * shape[2]) + h) * shape[3]) + w) * shape[4]) + channel];
            }
        }

        Tensor copy = Output(y.Shape);
        Backend.Convert(y.Value, copy);
        AssertClose(copy, expected);
    }

    [Test]
    public void An_image_of_that_size_stays()
    {
        var shape = new Shape(1, 1, 5, 3, 2);
        using var resize = new BilinearResize(Backend.Device, (5, 3), (5, 3), Type);
        Tensor x = Normal(shape);
        Assert.That(
            Read(resize.Forward(new Tape(Backend, recording: false), new Variable(x)).Value),
            Is.EqualTo(Read(x)),
            "products with 1 and 0 are exact"
        );
    }

    [Test]
    public void Another_size_is_refused()
    {
        using var resize = new BilinearResize(Backend.Device, (4, 4), (2, 2), Type);
        Assert.That(
            () => resize.Forward(new Tape(Backend), new Variable(Normal(new Shape(1, 1, 4, 5, 1)))),
            Throws.ArgumentException.With.Message.EqualTo(
                "images to resize must be (batch, 1, 4, 4, channels), not (1, 1, 4, 5, 1)"
            )
        );
    }

    private static IEnumerable<(int Place, double Weight)> Neighbours(int place, int places, int image)
    {
        double at = places == 1 ? 0 : place * (image - 1.0) / (places - 1);
        return Enumerable
            .Range(0, image)
            .Select(i => (i, Math.Max(0, 1 - Math.Abs(i - at))))
            .Where(neighbour => neighbour.Item2 > 0);
    }
}

/// <summary>Its derivatives against difference quotients.</summary>
internal sealed class BilinearResizeGradientTests
{
    [Test]
    public void Has_two_derivatives()
    {
        using var check = new GradientCheck();
        using var resize = new BilinearResize(check.Device, (3, 5), (4, 2), DType.Float64);
        var shape = new Shape(2, 1, 3, 5, 2);
        Variable Resized(Tape tape, Variable[] v) => resize.Forward(tape, v[0]);
        check.First(Resized, [GradientCheck.Values(shape)], [shape]);
        check.Second((t, v) => Resized(t, v) * Resized(t, v), [GradientCheck.Values(shape)], [shape]);
    }
}
