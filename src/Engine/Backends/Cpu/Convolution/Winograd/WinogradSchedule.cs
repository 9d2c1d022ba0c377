namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// How threads share the work of a Winograd convolution. Sizes decide; what crosses from core to core decides the speed.
/// </summary>
internal enum WinogradSchedule
{
    /// <summary>
    /// A thread takes its tiles through all steps alone: what it transformed stays in its cache. For layers with tiles enough for
    /// all threads, and not too many weights for each to read.
    /// </summary>
    OwnTiles,

    /// <summary>
    /// All threads transform a block of tiles, then share out its products by panel and by tile: for layers of few panels.
    /// </summary>
    SharedBlocks,

    /// <summary>
    /// As <see cref="SharedBlocks"/>, but a panel is one thread's, which transforms its weights, too: they never leave its cache.
    /// For layers of many panels.
    /// </summary>
    OwnPanels,
}
