using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>A trained detector that looks at the student's images, without dropout; it never changes.</summary>
internal sealed class DetectorTeacher : IDisposable
{
    private const string Name = "teacher";

    private readonly Backend backend;
    private readonly WeakDetector detector;
    private readonly Renormalization renormalization;

    private DetectorTeacher(Backend backend, WeakDetector detector, Renormalization renormalization)
    {
        (this.backend, this.detector, this.renormalization) = (backend, detector, renormalization);
        Modules = detector.Modules(Name, isFrozen: true);
        foreach (Parameter parameter in Modules.SelectMany(module => module.Parameters.All))
            parameter.Variable.RequiresGradient = false;
    }

    /// <summary>Frozen.</summary>
    public IReadOnlyList<TrainingModule> Modules { get; }

    /// <summary>Units of a region's vector.</summary>
    public int Units => detector.Network.Vector.Channels;

    /// <summary>Opens the best weights of a teacher's run, whose images and classes must be the student's.</summary>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="student">What the student sees and tells apart.</param>
    /// <exception cref="InvalidDataException">It is no such run, or sees something else.</exception>
    public static DetectorTeacher Open(string key, string folder, Backend backend, ClassifierDescription student)
    {
        ClassifierDescription model = ImageTeacher.Describe(key, folder, student);
        Checkpoint checkpoint = TrainingCheckpoint.FindWeights(Path.Combine(folder, TrainingCheckpoint.FolderName));
        var detector = new WeakDetector(model, backend.Device);
        var teacher = new DetectorTeacher(
            backend,
            detector,
            new Renormalization(backend.Device, student.Normalization, model.Normalization)
        );
        try
        {
            TrainingCheckpoint.RestoreWeights(checkpoint, detector.Modules());
            return teacher;
        }
        catch (InvalidDataException e)
        {
            teacher.Dispose();
            throw new InvalidDataException($"{key}: '{folder}' is no detector (mlic.role=teacher trains one): {e.Message}", e);
        }
    }

    /// <summary>Features of regions, constants for the student: (images * regions, units).</summary>
    /// <param name="images">Normalized as the student's, (images, 1, height, width, channels).</param>
    /// <param name="regions">Of these.</param>
    public Variable Vectors(Variable images, RegionBatch regions) => Vectors(NewPass(), images, regions);

    /// <summary>Probabilities of the classes of whole images, constants for the student: (images, classes).</summary>
    /// <param name="images">Normalized as the student's, (images, 1, height, width, channels).</param>
    /// <param name="regions">Of these.</param>
    /// <param name="temperature">Of both softmaxes.</param>
    public Variable ImageScores(Variable images, RegionBatch regions, double temperature)
    {
        ForwardContext pass = NewPass();
        return detector.ImageScores(pass, Vectors(pass, images, regions), regions, temperature);
    }

    public void Dispose()
    {
        renormalization.Dispose();
        foreach (TrainingModule module in Modules)
            module.Parameters.Dispose();
    }

    private Variable Vectors(ForwardContext pass, Variable images, RegionBatch regions) =>
        detector.Vectors(pass, renormalization.Apply(pass.Tape, images), regions);

    private ForwardContext NewPass() => new(new Tape(backend, recording: false));
}
