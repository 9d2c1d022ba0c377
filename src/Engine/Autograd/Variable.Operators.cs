using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd;

/// <remarks>
/// Operators record on the tape that computed an operand. There is no ambient tape: where both operands are leaves, name the
/// tape (tape.Add(a, b)) or make one of them by <see cref="Tape.Input(Tensor, bool)"/>.
/// </remarks>
public sealed partial class Variable
{
    /// <summary>a + b; shapes broadcast.</summary>
    public static Variable operator +(Variable a, Variable b) => TapeOf(a, b).Add(a, b);

    /// <summary>a - b; shapes broadcast.</summary>
    public static Variable operator -(Variable a, Variable b) => TapeOf(a, b).Subtract(a, b);

    /// <summary>a * b, element by element; shapes broadcast.</summary>
    public static Variable operator *(Variable a, Variable b) => TapeOf(a, b).Multiply(a, b);

    /// <summary>a / b, element by element; shapes broadcast.</summary>
    public static Variable operator /(Variable a, Variable b) => TapeOf(a, b).Divide(a, b);

    /// <summary>a + b for each element of a.</summary>
    public static Variable operator +(Variable a, double b) => TapeOf(a).Scale(a, 1, b);

    /// <summary>a + b for each element of b.</summary>
    public static Variable operator +(double a, Variable b) => TapeOf(b).Scale(b, 1, a);

    /// <summary>a - b for each element of a.</summary>
    public static Variable operator -(Variable a, double b) => TapeOf(a).Scale(a, 1, -b);

    /// <summary>a - b for each element of b.</summary>
    public static Variable operator -(double a, Variable b) => TapeOf(b).Scale(b, -1, a);

    /// <summary>a * b for each element of a.</summary>
    public static Variable operator *(Variable a, double b) => TapeOf(a).Scale(a, b);

    /// <summary>a * b for each element of b.</summary>
    public static Variable operator *(double a, Variable b) => TapeOf(b).Scale(b, a);

    /// <summary>a / b for each element of a.</summary>
    public static Variable operator /(Variable a, double b) => TapeOf(a).Scale(a, 1 / b);

    /// <summary>-a, element by element.</summary>
    public static Variable operator -(Variable a) => TapeOf(a).Scale(a, -1);

    private static Tape TapeOf(Variable a, Variable? b = null)
    {
        if (a.Tape is { } left && b?.Tape is { } right && left != right)
            throw new InvalidOperationException($"{a.Shape} and {b.Shape} were computed on different tapes; a step has one");
        return a.Tape
            ?? b?.Tape
            ?? throw new InvalidOperationException(
                $"no tape computed {a.Shape}, so an operator cannot record: write tape.Add(a, b) and so on, or make the leaf by "
                    + "tape.Input(tensor)"
            );
    }
}
