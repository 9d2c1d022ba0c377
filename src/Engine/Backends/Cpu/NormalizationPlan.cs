namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// How a normalization's data is cut into chunks that stay in the L2 cache, by shape alone; and how sums per sample and channel
/// become statistics.
/// </summary>
internal sealed class NormalizationPlan
{
    private const int ChunkElements = 32768;
    private const int FewestChunkPositions = 64;

    public NormalizationPlan(NormalizationProblem problem, int lanes)
    {
        Problem = problem;
        Tile = new ChannelTile(problem.Channels, lanes);
        ChunkPositions = Math.Min(Problem.Positions, Math.Max(FewestChunkPositions, ChunkElements / Problem.Channels));
        ChunksPerSample = (Problem.Positions + ChunkPositions - 1) / ChunkPositions;
    }

    public NormalizationProblem Problem { get; }

    public ChannelTile Tile { get; }

    public int ChunkPositions { get; }

    public int ChunksPerSample { get; }

    public int Chunks => Problem.Samples * ChunksPerSample;

    /// <summary>Sample, first element in the tensor and number of elements of a chunk.</summary>
    public (int Sample, long Start, int Count) Chunk(int index)
    {
        int sample = index / ChunksPerSample;
        int position = index % ChunksPerSample * ChunkPositions;
        int positions = Math.Min(ChunkPositions, Problem.Positions - position);
        return (sample, (((long)sample * Problem.Positions) + position) * Problem.Channels, positions * Problem.Channels);
    }

    /// <summary>
    /// A value of each sample and channel, computed from the indices of its statistics and of its gamma and beta.
    /// </summary>
    public double[] BySampleAndChannel(Func<int, int, double> value)
    {
        var values = new double[Problem.Samples * Problem.Channels];
        for (int i = 0; i < values.Length; i++)
        {
            (int sample, int channel) = Math.DivRem(i, Problem.Channels);
            values[i] = value(Slot(sample, channel), Affine(sample, channel));
        }

        return values;
    }

    public int Slot(int sample, int channel) => (Problem.RowOf(sample) * Problem.StatisticsGroups) + Problem.GroupOf(channel);

    public int Affine(int sample, int channel) => (Problem.Modality[sample] * Problem.Channels) + channel;
}
