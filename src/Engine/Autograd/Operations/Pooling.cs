using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Maximum and average over windows.</summary>
public static class Pooling
{
    /// <summary>The maximum of each window; its gradient goes to the first maximum.</summary>
    public static Variable MaxPool(this Tape tape, PoolingProblem problem, Variable x)
    {
        problem.Validate();
        tape.RequireFirstOrder("max pooling");
        Tensor y = tape.Allocate(problem.OutputShape, x.DType);
        Tensor choice = tape.Allocate(problem.OutputShape, DType.UInt8);
        tape.Backend.MaxPoolForward(problem, x.Value, y, choice);
        return tape.Record(
            "max pool",
            y,
            [x],
            (gy, _) =>
            {
                tape.RequireFirstOrder("max pooling");
                Tensor gx = tape.Allocate(x.Shape, x.DType);
                tape.Backend.MaxPoolBackward(problem, gy.Value, choice, gx);
                return [new Variable(gx)];
            },
            keeps: [],
            saved: choice
        );
    }

    /// <summary>The mean of each window.</summary>
    public static Variable AveragePool(this Tape tape, PoolingProblem problem, Variable x)
    {
        problem.Validate();
        Tensor y = tape.Allocate(problem.OutputShape, x.DType);
        tape.Backend.AveragePoolForward(problem, x.Value, y);
        return tape.Record("average pool", y, [x], (gy, _) => [tape.AveragePoolBackward(problem, gy)], keeps: []);
    }

    private static Variable AveragePoolBackward(this Tape tape, PoolingProblem problem, Variable gy)
    {
        Tensor gx = tape.Allocate(problem.InputShape, gy.DType);
        tape.Backend.AveragePoolBackward(problem, gy.Value, gx);
        return tape.Record("average pool backward", gx, [gy], (ggx, _) => [tape.AveragePool(problem, ggx)], keeps: []);
    }
}
