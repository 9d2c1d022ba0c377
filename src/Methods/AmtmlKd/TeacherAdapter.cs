using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>
/// How much each teacher counts for a sample: w_t = softmax over t of v . (theta_t * b), b what the student makes of the whole
/// sample, theta_t a latent vector of each teacher, v one of all. Liu, Zhang, Wang 2020, Neurocomputing 415, section 3.2.
/// </summary>
internal sealed class TeacherAdapter
{
    /// <summary>Name of the module in checkpoints.</summary>
    public const string Name = "adapter";

    private readonly Parameter teachers,
        shared;

    /// <param name="device">Where the vectors lie.</param>
    /// <param name="count">Teachers.</param>
    /// <param name="channels">Of b.</param>
    /// <param name="seed">Of the first values.</param>
    public TeacherAdapter(Device device, int count, int channels, ulong seed)
    {
        Parameters = new ParameterStore(device, DType.Float32, seed);
        // Logits of unit size for b of unit elements, so that no teacher is ruled out at the start.
        var initial = Initializer.Normal(Math.Pow(channels, -0.25));
        teachers = Parameters.Create("adapter.theta", new Shape(count, channels), ParameterKind.Kernel, initial);
        shared = Parameters.Create("adapter.v", new Shape(channels), ParameterKind.Kernel, initial);
    }

    public ParameterStore Parameters { get; }

    /// <summary>(samples, teachers): positive, and one over the teachers.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="features">b, (samples, channels).</param>
    public Variable Weights(Tape tape, Variable features) =>
        tape.Softmax(tape.MatMul(tape.Multiply(features, shared.Variable), teachers.Variable, transposeB: true));
}
