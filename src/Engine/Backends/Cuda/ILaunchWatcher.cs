namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>Is told of launches before they are made.</summary>
internal interface ILaunchWatcher
{
    /// <param name="words">Of the parameters: addresses among other things.</param>
    void Launching(ReadOnlySpan<nint> words);
}
