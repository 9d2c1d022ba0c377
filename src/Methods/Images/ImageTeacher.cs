using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>
/// A trained classifier that looks at the student's images. It runs with its running statistics; no gradient reaches its
/// parameters, and it never changes.
/// </summary>
internal sealed class ImageTeacher : IDisposable
{
    private readonly TrainedClassifier model;
    private readonly Tensor? scale,
        offset;

    /// <param name="name">Of its module.</param>
    /// <param name="model">Of a finished run; disposed of with the teacher.</param>
    /// <param name="images">How the student's images are normalized.</param>
    /// <param name="backend">Computes.</param>
    private ImageTeacher(string name, TrainedClassifier model, PixelNormalization images, Backend backend)
    {
        this.model = model;
        Module = new TrainingModule(name, model.Network.Parameters, IsFrozen: true);
        foreach (Parameter parameter in model.Network.Parameters.All)
            parameter.Variable.RequiresGradient = false;
        PixelNormalization own = model.Description.Normalization;
        if (own.Mean.SequenceEqual(images.Mean) && own.Deviation.SequenceEqual(images.Deviation))
            return;
        scale = Channels(c => images.Deviation[c] / own.Deviation[c]);
        offset = Channels(c => (images.Mean[c] - own.Mean[c]) / own.Deviation[c]);

        Tensor Channels(Func<int, double> value)
        {
            float[] values = [.. own.Mean.Select((_, c) => (float)value(c))];
            return Tensor.From<float>(backend.Device, new Shape(values.Length), values).Detach();
        }
    }

    public TrainingModule Module { get; }

    public Classifier Network => model.Network;

    /// <summary>Opens the best weights of a run, whose images and classes must be the student's.</summary>
    /// <param name="name">Of its module.</param>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="student">What the student sees and tells apart.</param>
    /// <exception cref="InvalidDataException">It is no run of a classifier, or sees something else.</exception>
    public static ImageTeacher Open(string name, string key, string folder, Backend backend, ClassifierDescription student)
    {
        var model = ClassifierDescription.Read(folder);
        if (model.Shape != student.Shape)
            throw Refuse($"its images are {model.Shape}, the student's {student.Shape}");
        if (model.IsMultiLabel != student.IsMultiLabel || !model.ClassNames.SequenceEqual(student.ClassNames))
            throw Refuse("it tells other classes apart than the student");
        return new ImageTeacher(name, TrainedClassifier.Open(folder, model, backend), student.Normalization, backend);

        InvalidDataException Refuse(string difference) => new($"{key}: '{folder}' is no teacher for this student: {difference}");
    }

    /// <summary>Logits (images, classes), constants for the student.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="images">(images, 1, height, width, channels), normalized as the student's.</param>
    /// <param name="taps">Stages whose results are to be left.</param>
    public Variable Look(Backend backend, Variable images, FeatureTaps? taps = null)
    {
        var tape = new Tape(backend, recording: false);
        Variable own = scale is null ? images : tape.Add(tape.Multiply(images, tape.Input(scale)), tape.Input(offset!));
        return model.Network.Forward(new ForwardContext(tape), own, taps);
    }

    /// <summary>Logits by class, of each image.</summary>
    public IReadOnlyList<float[]> Logits(ImageSet images, CancellationToken stop) => model.Predictor.Logits(images, stop);

    /// <summary>
    /// Logits from the result of a stage on, or from others in its place: gradients reach these, not the teacher's parameters.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="output">Of one of the network's stages.</param>
    public Variable GoOn(Tape tape, StageOutput output) => model.Network.ForwardFrom(new ForwardContext(tape), output);

    public void Dispose()
    {
        scale?.Dispose();
        offset?.Dispose();
        model.Dispose();
    }
}
