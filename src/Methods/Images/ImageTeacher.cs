using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>A trained classifier that looks at the student's images, which it may have normalized otherwise.</summary>
internal sealed class ImageTeacher : Teacher
{
    private readonly TrainedClassifier model;
    private readonly Tensor? scale,
        offset;

    /// <param name="name">Of its module.</param>
    /// <param name="model">Of a finished run; disposed of with the teacher.</param>
    /// <param name="images">How the student's images are normalized.</param>
    /// <param name="backend">Computes.</param>
    private ImageTeacher(string name, TrainedClassifier model, PixelNormalization images, Backend backend)
        : base(name, model.Network, model)
    {
        this.model = model;
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

    /// <summary>Logits by class, of each image.</summary>
    public IReadOnlyList<float[]> Logits(ImageSet images, CancellationToken stop) => model.Predictor.Logits(images, stop);

    public override void Dispose()
    {
        scale?.Dispose();
        offset?.Dispose();
        base.Dispose();
    }

    /// <summary>Images, normalized as its own.</summary>
    protected override Variable Seen(Tape tape, Variable samples) =>
        scale is null ? samples : tape.Add(tape.Multiply(samples, tape.Input(scale)), tape.Input(offset!));
}
