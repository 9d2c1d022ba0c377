namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>How a normalization's data is cut into chunks that stay in the L2 cache, by shape alone; and how sums per sample and channel become statistics.</summary>
internal sealed class NormalizationPlan
{
    private const int ChunkElements = 16384;
    private const int FewestChunkPositions = 32;

    private readonly NormalizationProblem problem;

    public NormalizationPlan(NormalizationProblem problem, int lanes)
    {
        this.problem = problem;
        Tile = new ChannelTile(problem.Channels, lanes);
        ChunkPositions = Math.Min(problem.Positions, Math.Max(FewestChunkPositions, ChunkElements / problem.Channels));
        ChunksPerSample = (problem.Positions + ChunkPositions - 1) / ChunkPositions;
    }

    public ChannelTile Tile { get; }

    public int ChunkPositions { get; }

    public int ChunksPerSample { get; }

    public int Chunks => problem.Samples * ChunksPerSample;

    /// <summary>Sample, first element in the tensor and number of elements of a chunk.</summary>
    public (int Sample, long Start, int Count) Chunk(int index)
    {
        int sample = index / ChunksPerSample;
        int position = index % ChunksPerSample * ChunkPositions;
        int positions = Math.Min(ChunkPositions, problem.Positions - position);
        return (sample, (((long)sample * problem.Positions) + position) * problem.Channels, positions * problem.Channels);
    }

    public int Slot(int sample, int channel) => (problem.RowOf(sample) * problem.StatisticsGroups) + problem.GroupOf(channel);

    public int Affine(int sample, int channel) => (problem.Modality[sample] * problem.Channels) + channel;
}
