using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>Regions of the images of a batch, as many of each.</summary>
/// <param name="Corners">(images * regions, 5): image of the batch, x1, y1, x2, y2 in pixels of what the network pools.</param>
/// <param name="Scores">(images * regions), by which features are multiplied.</param>
/// <param name="Mask">(images, regions): 1 for a region, 0 where an image has fewer.</param>
internal sealed record RegionBatch(Tensor Corners, Tensor Scores, Tensor Mask)
{
    /// <summary>How many there are of an image.</summary>
    public int OfImage => Mask.Shape[1];

    /// <summary>
    /// What the hidden layers of a network make of each region: (images * regions, units). Its features are pooled from the map
    /// to the grid that the first hidden layer reads, times the region's score (Girshick 2015, arXiv:1504.08083).
    /// </summary>
    /// <param name="pass">Of the layers up to the map.</param>
    /// <param name="hidden">Of the hidden layers, on the same tape.</param>
    /// <param name="network">A vgg with hidden layers.</param>
    /// <param name="grid">That these read.</param>
    /// <param name="images">(images, 1, height, width, channels).</param>
    public Variable Vectors(ForwardContext pass, ForwardContext hidden, Classifier network, int grid, Variable images)
    {
        Variable map = network.ForwardTo(pass, images, network.Map);
        var problem = new RoiPoolingProblem(map.Shape, Scores.Shape[0], grid, ScaleOf(network));
        Variable pooled = pass.Tape.RoiMaxPool(problem, map, Corners, Scores);
        Tape.Release(map);
        return network.ForwardFrom(hidden, new StageOutput(network["pool"], pooled), taps: null, last: network.Vector);
    }

    /// <summary>From pixels to places of the map: a half for each pooling between two blocks, 1/16 as published.</summary>
    private static double ScaleOf(Classifier network) =>
        Math.Pow(0.5, network.Stages.Count(stage => stage.Name.StartsWith("block", StringComparison.Ordinal)) - 1);
}
