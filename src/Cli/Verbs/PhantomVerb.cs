using CommandLine;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("phantom", HelpText = "Write a dataset of phantoms: unpaired CT-like and MR-like ones, or paired MR sequences.")]
internal sealed class PhantomVerb : IVerb
{
    [Option("out", Required = true, HelpText = "Folder for the dataset; must be new or empty.")]
    public string Out { get; init; } = "";

    [Option("anatomy", HelpText = "Which organs: abdomen (the default) or heart. Not with --paired.")]
    public PhantomAnatomy? Anatomy { get; init; }

    [Option(
        "paired",
        HelpText = "One head per case, seen by T1, T1ce, T2 and FLAIR: four channels, with a lesion that T1 hardly shows."
    )]
    public bool Paired { get; init; }

    [Option("t1", HelpText = "A third modality beside CT and MR: MR of another weighting. Not with --paired.")]
    public bool T1 { get; init; }

    [Option(
        "relation",
        HelpText = "What MR has to teach about CT: usual (the default); shared, where CT shows all organs equally bright, so that only place and shape tell them apart; or unrelated, where nothing of MR holds for CT. Not with --paired."
    )]
    public PhantomRelation? Relation { get; init; }

    [Option(
        "contrast",
        HelpText = "How much brighter the lesion is in T1 than what is around it, in noise deviations (0.5 by default). With --paired only."
    )]
    public double? Contrast { get; init; }

    [AtLeast(1)]
    [Option("train", Default = 16, HelpText = "Training subjects, per modality unless --paired.")]
    public int Train { get; init; }

    [AtLeast(1)]
    [Option("val", Default = 4, HelpText = "Validation subjects, likewise.")]
    public int Val { get; init; }

    [AtLeast(0)]
    [Option("test", Default = 4, HelpText = "Test subjects, likewise.")]
    public int Test { get; init; }

    [AtLeast(1)]
    [Option("size", Default = 128, HelpText = "Voxels along x and y.")]
    public int Size { get; init; }

    [AtLeast(1)]
    [Option("slices", Default = 24, HelpText = "Voxels along z.")]
    public int Slices { get; init; }

    [Option("seed", Default = 1UL, HelpText = "Another seed, other subjects.")]
    public ulong Seed { get; init; }

    public int Run(string[] arguments)
    {
        if (Paired && Anatomy is not null)
            throw new UsageException("--paired has one anatomy, a head; leave out --anatomy");
        if (!Paired && Contrast is not null)
            throw new UsageException("--contrast is of the lesion of paired phantoms; add --paired");
        if (Paired && T1)
            throw new UsageException("--paired has sequences of its own, T1 among them; leave out --t1");
        if (Paired && Relation is not null)
            throw new UsageException("--relation is between unpaired modalities; leave it out with --paired");
        PhantomModality[] modalities =
        [
            PhantomModality.CT,
            PhantomModality.MR,
            .. T1 ? [PhantomModality.T1] : Array.Empty<PhantomModality>(),
        ];
        var options = new PhantomDatasetOptions
        {
            Paired = Paired,
            Modalities = modalities,
            Contrast = Contrast ?? PairedPhantomGenerator.DefaultContrast,
            Anatomy = Anatomy ?? PhantomAnatomy.Abdomen,
            Relation = Relation ?? PhantomRelation.Usual,
            Training = Train,
            Validation = Val,
            Test = Test,
            Size = Size,
            Slices = Slices,
            Seed = Seed,
        };
        using var stop = new Runs.Progress.StopSignal();
        PhantomDataset.Write(Out, options, null, stop.Token);
        Console.WriteLine(
            $"wrote {(Paired ? 1 : modalities.Length) * (Train + Val + Test)} phantoms to {Out}; next: {CommandText.Of("train", "--data", Out, "--out", "RUN")}"
        );
        return ExitCode.Ok;
    }
}
