using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>
/// Bilinear interpolation to another height and width whose corners are the input's (align_corners): place i of n lies at
/// i (m - 1) / (n - 1) of m, the only one of a single row or column at 0. Without smoothing, so that a large reduction skips
/// pixels.
/// </summary>
/// <remarks>
/// Y = R X C^T with matrices of two weights a row, for each image and channel: products of dense matrices, whose order of sums
/// is fixed, whose gradient is again such a product, and which a step records. A number that is none spoils its row and column.
/// </remarks>
public sealed class BilinearResize : IDisposable
{
    private readonly (int Height, int Width) input,
        output;

    private readonly Tensor rows,
        columns,
        identity;

    /// <param name="device">Where the matrices lie until <see cref="Dispose"/>.</param>
    /// <param name="input">Of the images.</param>
    /// <param name="output">Of the results.</param>
    /// <param name="type">Element type.</param>
    /// <exception cref="ArgumentException">A size is below one.</exception>
    public BilinearResize(Device device, (int Height, int Width) input, (int Height, int Width) output, DType type)
    {
        (this.input, this.output) = (input, output);
        rows = Matrix(device, output.Height, input.Height, type);
        columns = Matrix(device, output.Width, input.Width, type);
        identity = Matrix(device, output.Height, output.Height, type);
    }

    /// <summary>(batch, 1, height, width, channels) of the other size.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="x">(batch, 1, height, width, channels).</param>
    /// <exception cref="ArgumentException">The images are of another size.</exception>
    public Variable Forward(Tape tape, Variable x)
    {
        if (x.Shape.Rank != 5 || x.Shape[1] != 1 || (x.Shape[2], x.Shape[3]) != input)
            throw new ArgumentException(
                $"images to resize must be (batch, 1, {input.Height}, {input.Width}, channels), not {x.Shape}"
            );
        var images = new Variable[x.Shape[0]];
        for (int i = 0; i < images.Length; i++)
            images[i] = Resize(tape, images.Length == 1 ? x : tape.Slice(x, 0, i, 1), x.Shape[^1]);
        return images.Length == 1 ? images[0] : tape.Concat(0, images);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rows.Dispose();
        columns.Dispose();
        identity.Dispose();
    }

    /// <summary>
    /// A product sums over what lies first or last in memory: the rows are turned behind the channels, so that the columns lie
    /// first, and back when both have become fewer or more.
    /// </summary>
    private Variable Resize(Tape tape, Variable image, int channels)
    {
        Variable turned = tape.MatMul(
                tape.Reshape(image, new Shape(input.Height, input.Width * channels)),
                tape.Input(rows),
                transposeA: true,
                transposeB: true
            ),
            resized = tape.MatMul(tape.Input(columns), tape.Reshape(turned, new Shape(input.Width, channels * output.Height))),
            back = tape.MatMul(
                tape.Input(identity),
                tape.Reshape(resized, new Shape(output.Width * channels, output.Height)),
                transposeB: true
            );
        return tape.Reshape(back, new Shape(1, 1, output.Height, output.Width, channels));
    }

    /// <summary>(to, from): each row weighs the two neighbours of a place.</summary>
    private static Tensor Matrix(Device device, int to, int from, DType type)
    {
        var shape = new Shape(to, from);
        var weights = new double[shape.Count];
        for (int i = 0; i < to; i++)
        {
            double place = to == 1 ? 0 : (double)i * (from - 1) / (to - 1);
            int low = (int)place;
            weights[(i * from) + low] = 1 - (place - low);
            if (place > low)
                weights[(i * from) + low + 1] = place - low;
        }

        Tensor matrix = type switch
        {
            DType.Float32 => Tensor.From<float>(device, shape, [.. weights.Select(weight => (float)weight)]),
            DType.Float64 => Tensor.From<double>(device, shape, weights),
            _ => throw new ArgumentException($"images are resized in Float32 or Float64, not in {type}"),
        };
        return matrix.Detach();
    }
}
