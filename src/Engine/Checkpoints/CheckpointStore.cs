using System.Globalization;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>
/// The checkpoints of a training run: folders "step-00012000" (the latest few) and "best-00011000" (the best one), each
/// complete or absent. A crash at any instant of a save or a deletion leaves the previous or the new checkpoint intact.
/// One process may save at a time; others may read meanwhile.
/// </summary>
public sealed class CheckpointStore
{
    private const string StepPrefix = "step-";
    private const string BestPrefix = "best-";
    private const string TrashPrefix = ".trash-";

    private readonly string folder;
    private readonly int keep;
    private readonly Action<string> warn;
    private readonly IFileSystem files;
    private readonly IReadOnlyCollection<string> required;

    /// <param name="folder">Where the checkpoints lie; made by the first save.</param>
    /// <param name="keep">How many of the latest steps are kept, from 1.</param>
    /// <param name="warn">Is told, in one line, about a damaged checkpoint that was passed over.</param>
    /// <param name="fileSystem">Where to write; the disk by default.</param>
    /// <param name="required">Files without which a checkpoint is not intact.</param>
    public CheckpointStore(
        string folder,
        int keep = 2,
        Action<string>? warn = null,
        IFileSystem? fileSystem = null,
        IReadOnlyCollection<string>? required = null
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        this.folder = folder;
        this.keep = keep;
        this.warn = warn ?? (_ => { });
        files = fileSystem ?? DiskFileSystem.Instance;
        this.required = required ?? [];
    }

    /// <summary>Saves the state after a step, then deletes all but the latest few.</summary>
    /// <param name="step">Steps done. One that is saved and intact already is left as it is: the same step of a run has the same
    /// bits.</param>
    /// <param name="contents">What to write for each file name.</param>
    public void Save(long step, IReadOnlyDictionary<string, Action<Stream>> contents) => Save(StepPrefix, step, contents, keep);

    /// <summary>Saves the state with the best score so far, then deletes the best one before it.</summary>
    public void SaveBest(long step, IReadOnlyDictionary<string, Action<Stream>> contents) => Save(BestPrefix, step, contents, 1);

    /// <summary>The newest intact checkpoint; null where none was saved yet.</summary>
    /// <exception cref="InvalidDataException">There are checkpoints and none is intact; the message names the damage of the
    /// newest.</exception>
    public Checkpoint? Latest() => Newest(StepPrefix);

    /// <summary>The best checkpoint; null where none was saved yet.</summary>
    /// <exception cref="InvalidDataException">As in <see cref="Latest"/>.</exception>
    public Checkpoint? Best() => Newest(BestPrefix);

    /// <summary>The steps that are saved, intact or not, first to last.</summary>
    public IReadOnlyList<long> Steps() =>
        [.. Saved(StepPrefix).Concat(Saved(BestPrefix)).Select(saved => saved.Step).Distinct().Order()];

    /// <summary>All that is saved, intact or not, by step. Every file is read.</summary>
    public IReadOnlyList<ExaminedCheckpoint> Examine() =>
        [
            .. Saved(StepPrefix)
                .Concat(Saved(BestPrefix))
                .OrderBy(saved => saved.Step)
                .Select(saved => new ExaminedCheckpoint(saved, DamageOf(saved.Folder)?.Message)),
        ];

    /// <summary>Makes a step the newest again: deletes what was saved behind it.</summary>
    /// <param name="step">A saved step; 0 also where nothing was saved of it, to begin anew.</param>
    /// <exception cref="InvalidDataException">That step was not saved, or is damaged; the message names those that are
    /// there.</exception>
    public void GoBackTo(long step)
    {
        Checkpoint? target = Saved(StepPrefix)
            .Concat(Saved(BestPrefix))
            .FirstOrDefault(saved => saved.Step == step && DamageOf(saved.Folder) is null);
        if (target is null && step != 0)
        {
            throw new InvalidDataException(
                $"'{folder}': has no intact checkpoint of step {step}; there are "
                    + $"{(Steps() is { Count: > 0 } steps ? string.Join(", ", steps) : "none")}"
            );
        }

        // A best step alone becomes an ordinary one, before anything is deleted.
        if (target is not null)
            Save(StepPrefix, step, target.Contents(), int.MaxValue);
        foreach (Checkpoint later in Saved(StepPrefix).Concat(Saved(BestPrefix)).Where(saved => saved.Step > step))
            Delete(later.Folder);
    }

    private void Save(string prefix, long step, IReadOnlyDictionary<string, Action<Stream>> contents, int kept)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        files.CreateFolder(folder);
        DeleteLeftovers();
        string target = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{prefix}{step:D8}"));
        if (Directory.Exists(target) && DamageOf(target) is not null)
            Delete(target);
        if (!Directory.Exists(target))
            AtomicFile.WriteFolder(target, CheckpointManifest.Append(contents), files);
        foreach (Checkpoint old in Saved(prefix).Skip(kept))
            Delete(old.Folder);
    }

    private Checkpoint? Newest(string prefix)
    {
        InvalidDataException? newestDamage = null;
        foreach (Checkpoint checkpoint in Saved(prefix))
        {
            InvalidDataException? damage = DamageOf(checkpoint.Folder);
            if (damage is null)
                return checkpoint;
            warn($"checkpoint passed over: {damage.Message}");
            newestDamage ??= damage;
        }

        return newestDamage is null
            ? null
            : throw new InvalidDataException(
                $"'{folder}': no checkpoint is intact; of the newest: {newestDamage.Message}",
                newestDamage
            );
    }

    /// <summary>Checkpoints by step, newest first, unverified.</summary>
    private List<Checkpoint> Saved(string prefix)
    {
        var found = new List<Checkpoint>();
        if (!Directory.Exists(folder))
            return found;
        foreach (string path in Directory.EnumerateDirectories(folder, $"{prefix}*"))
        {
            if (
                long.TryParse(
                    Path.GetFileName(path).AsSpan(prefix.Length),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out long step
                )
            )
                found.Add(new Checkpoint(step, path));
        }

        found.Sort((a, b) => b.Step.CompareTo(a.Step));
        return found;
    }

    /// <summary>
    /// Why a checkpoint cannot be used; null for an intact one. One that cannot be read is passed over like a damaged one.
    /// </summary>
    private InvalidDataException? DamageOf(string checkpoint)
    {
        try
        {
            CheckpointManifest.Verify(checkpoint, required);
            return null;
        }
        catch (InvalidDataException e)
        {
            return e;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new InvalidDataException($"'{checkpoint}': {OneLine.Of(e.Message)}", e);
        }
    }

    /// <summary>Renames first: a checkpoint that is half deleted no longer has a checkpoint's name.</summary>
    private void Delete(string checkpoint)
    {
        string trash = Path.Combine(folder, $"{TrashPrefix}{Path.GetFileName(checkpoint)}");
        files.RenameFolder(checkpoint, trash);
        files.DeleteFolder(trash);
    }

    private void DeleteLeftovers()
    {
        foreach (string path in Directory.EnumerateDirectories(folder, ".*"))
        {
            string name = Path.GetFileName(path);
            if (
                name.StartsWith(AtomicFile.TemporaryPrefix, StringComparison.Ordinal)
                || name.StartsWith(TrashPrefix, StringComparison.Ordinal)
            )
                files.DeleteFolder(path);
        }
    }
}
