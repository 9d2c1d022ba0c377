using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Autograd;

/// <summary>The check itself must be able to fail.</summary>
internal sealed class GradientCheckTests
{
    private static readonly Shape Shape = new(2, 3);

    [Test]
    public void A_wrong_rule_is_caught()
    {
        using var check = new GradientCheck();
        Assert.That(
            () =>
                check.First(
                    (t, v) => Recorded(t, "square", t.Multiply(v[0], v[0]), v[0], gy => t.Multiply(gy, v[0])),
                    [GradientCheck.Values(Shape)],
                    [Shape]
                ),
            Throws.TypeOf<AssertionException>().With.Message.Contains("input 0, element 0")
        );
    }

    /// <summary>
    /// The first derivative 2 x is right but its own rule is lost: the second derivative is caught, the first passes.
    /// </summary>
    [Test]
    public void A_rule_that_forgets_its_input_is_caught_in_second_order()
    {
        static Variable Square(Tape t, Variable[] v) =>
            Recorded(t, "square", t.Multiply(v[0], v[0]), v[0], gy => t.Multiply(gy, t.Scale(new Variable(v[0].Value), 2)));

        using var check = new GradientCheck();
        check.First(Square, [GradientCheck.Values(Shape)], [Shape]);
        Assert.That(
            () => check.Second((t, v) => t.Multiply(Square(t, v), v[0]), [GradientCheck.Values(Shape)], [Shape]),
            Throws.TypeOf<AssertionException>()
        );
    }

    [Test]
    public void A_check_that_says_nothing_fails()
    {
        using var check = new GradientCheck();
        Assert.That(
            () => check.First((t, v) => t.Scale(v[0], 0), [GradientCheck.Values(Shape)], [Shape]),
            Throws.TypeOf<AssertionException>().With.Message.Contains("says nothing")
        );
    }

    /// <summary>
    /// The value of <paramref name="value"/> as if computed from <paramref name="x"/> by an operation with this rule.
    /// </summary>
    private static Variable Recorded(Tape tape, string name, Variable value, Variable x, Func<Variable, Variable> rule) =>
        tape.Record(name, value.Value.Reshape(value.Shape), [x], (gy, _) => [rule(gy)]);
}
