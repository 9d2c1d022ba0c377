using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Features of regions of interest, all of one size. Girshick 2015, arXiv:1504.08083.</summary>
public static class RoiPooling
{
    /// <summary>
    /// The maximum of each bin of each region, times the region's score: (regions, 1, bins, bins, channels), 0 for a bin without
    /// places on the map. The gradient goes to the first maximum; corners and scores are constants.
    /// </summary>
    /// <param name="tape">Records the operation.</param>
    /// <param name="problem">Sizes, and the scale of the corners.</param>
    /// <param name="x">(batch, 1, height, width, channels).</param>
    /// <param name="corners">
    /// (regions, 5), float32: image, x1, y1, x2, y2. Must live until the backward pass, as the scores must.
    /// </param>
    /// <param name="scores">(regions), of x's type; all 1 if not given.</param>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static Variable RoiMaxPool(
        this Tape tape,
        RoiPoolingProblem problem,
        Variable x,
        Tensor corners,
        Tensor? scores = null
    )
    {
        problem.Validate();
        tape.RequireFirstOrder("max pooling of regions");
        Tensor y = tape.Allocate(problem.OutputShape, x.DType),
            choice = tape.Allocate(problem.OutputShape, DType.Int32);
        tape.Backend.RoiMaxPoolForward(problem, x.Value, corners, scores, y, choice);
        return tape.Record(
            "roi max pool",
            y,
            [x],
            (gy, _) =>
            {
                tape.RequireFirstOrder("max pooling of regions");
                Tensor gx = tape.Allocate(x.Shape, x.DType);
                tape.Backend.RoiMaxPoolBackward(problem, gy.Value, corners, scores, choice, gx);
                return [new Variable(gx)];
            },
            keeps: [],
            saved: choice
        );
    }
}
