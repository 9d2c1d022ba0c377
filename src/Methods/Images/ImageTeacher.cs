using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>A trained classifier that looks at the student's images, which it may have normalized otherwise.</summary>
internal sealed class ImageTeacher : Teacher
{
    private readonly TrainedClassifier model;
    private readonly Renormalization renormalization;

    /// <param name="name">Of its module.</param>
    /// <param name="model">Of a finished run; disposed of with the teacher.</param>
    /// <param name="images">How the student's images are normalized.</param>
    /// <param name="backend">Computes.</param>
    private ImageTeacher(string name, TrainedClassifier model, PixelNormalization images, Backend backend)
        : base(name, model.Network, model)
    {
        this.model = model;
        renormalization = new Renormalization(backend.Device, images, model.Description.Normalization);
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
        ClassifierDescription model = Describe(key, folder, student);
        return new ImageTeacher(name, TrainedClassifier.Open(folder, model, backend), student.Normalization, backend);
    }

    /// <summary>What a run's network sees and tells apart, which must be what the student does.</summary>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="student">What the student sees and tells apart.</param>
    /// <exception cref="InvalidDataException">It is no run of a classifier, or sees something else.</exception>
    public static ClassifierDescription Describe(string key, string folder, ClassifierDescription student)
    {
        var model = ClassifierDescription.Read(folder);
        if (model.Shape != student.Shape)
            throw Refuse($"its images are {model.Shape}, the student's {student.Shape}");
        if (model.IsMultiLabel != student.IsMultiLabel || !model.ClassNames.SequenceEqual(student.ClassNames))
            throw Refuse("it tells other classes apart than the student");
        return model;

        InvalidDataException Refuse(string difference) => new($"{key}: '{folder}' is no teacher for this student: {difference}");
    }

    /// <summary>Logits by class, of each image.</summary>
    public IReadOnlyList<float[]> Logits(ImageSet images, CancellationToken stop) => model.Predictor.Logits(images, stop);

    public override void Dispose()
    {
        renormalization.Dispose();
        base.Dispose();
    }

    /// <summary>Images, normalized as its own.</summary>
    protected override Variable Seen(Tape tape, Variable samples) => renormalization.Apply(tape, samples);
}
