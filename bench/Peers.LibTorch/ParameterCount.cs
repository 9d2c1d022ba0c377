namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Guards against measuring a network that is not the one in question.</summary>
internal static class ParameterCount
{
    private const int PublishedChannels = 16;

    /// <exception cref="InvalidOperationException">The number of trainable parameters is another one.</exception>
    public static void Require(PeerNetwork network, int channels)
    {
        Compare(network.Parameters.Count, network.ExpectedParameters(channels));
        Compare(network.ExpectedParameters(PublishedChannels), network is UNet3D ? 2_204_565 : 39_342_840);

        void Compare(long found, long expected)
        {
            if (found != expected)
                throw new InvalidOperationException(
                    $"{network.GetType().Name} has {found} parameters and not {expected}: it is not the network to compare with"
                );
        }
    }
}
