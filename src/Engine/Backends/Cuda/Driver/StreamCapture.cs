namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>A piece of captured work.</summary>
/// <param name="Item">What it does.</param>
/// <param name="IsAside">Whether it is of the second branch.</param>
/// <param name="After">Numbers of the pieces that it directly follows.</param>
internal sealed record CapturedPiece<T>(T Item, bool IsAside, IReadOnlyList<int> After);

/// <summary>
/// What is given to a stream while it is captured, and to another that waits for a point of it: a graph of two branches, in which
/// a piece follows the one before it on its stream and what the stream was told to wait for.
/// </summary>
/// <param name="origin">The stream whose capture was begun.</param>
internal sealed class StreamCapture<T>(nint origin)
{
    private readonly List<CapturedPiece<T>> pieces = [];

    /// <summary>By stream, what its next piece follows.</summary>
    private readonly Dictionary<nint, IReadOnlyList<int>> ends = new() { [origin] = [] };

    public bool Has(nint stream) => ends.ContainsKey(stream);

    public void Add(nint stream, T item)
    {
        pieces.Add(new CapturedPiece<T>(item, stream != origin, ends[stream]));
        ends[stream] = [pieces.Count - 1];
    }

    /// <summary>A point in a stream that is captured.</summary>
    public CapturedPoint PointOf(nint stream) => new(this, ends[stream]);

    /// <summary>What is given to the stream from here on follows the point.</summary>
    /// <exception cref="CudaException">There are two branches already.</exception>
    public void Wait(nint stream, CapturedPoint point)
    {
        if (!Has(stream) && ends.Count == 2)
            throw new CudaException("a capture has one stream beside its own; a third waits for a point of it");
        ends[stream] = [.. ends.GetValueOrDefault(stream) ?? [], .. point.Ends];
    }

    /// <summary>The pieces, in an order that their edges allow.</summary>
    /// <exception cref="CudaException">The stream does not wait for the end of the second branch.</exception>
    public IReadOnlyList<CapturedPiece<T>> End()
    {
        var followed = new HashSet<int>();
        var toSee = new Stack<int>(ends[origin]);
        while (toSee.TryPop(out int piece))
        {
            if (!followed.Add(piece))
                continue;
            foreach (int earlier in pieces[piece].After)
                toSee.Push(earlier);
        }

        return ends.Values.All(end => end.All(followed.Contains))
            ? pieces
            : throw new CudaException("the capture of a stream ends while its second branch is not joined");
    }

    /// <summary>
    /// The pieces in an order that their edges allow: those of the second branch as early as they can run, or as late.
    /// </summary>
    public static IEnumerable<T> Ordered(IReadOnlyList<CapturedPiece<T>> pieces, bool asideFirst)
    {
        var done = new HashSet<int>();
        Queue<int> main = Numbers(aside: false),
            aside = Numbers(aside: true);
        while (main.Count + aside.Count > 0)
        {
            bool takesAside = IsReady(aside) && (asideFirst || !IsReady(main));
            int next = (takesAside ? aside : main).Dequeue();
            yield return pieces[next].Item;
            done.Add(next);
        }

        bool IsReady(Queue<int> branch) => branch.TryPeek(out int next) && pieces[next].After.All(done.Contains);
        Queue<int> Numbers(bool aside) => new(Enumerable.Range(0, pieces.Count).Where(i => pieces[i].IsAside == aside));
    }

    /// <summary>A point in a stream of a capture.</summary>
    /// <param name="Capture">The capture.</param>
    /// <param name="Ends">Numbers of the pieces before it.</param>
    internal sealed record CapturedPoint(StreamCapture<T> Capture, IReadOnlyList<int> Ends);
}
