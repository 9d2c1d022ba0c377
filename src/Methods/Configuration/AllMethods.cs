using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Configuration;

/// <summary>The keys of all methods together, for tables and schemas.</summary>
public static class AllMethods
{
    /// <summary>Every key that some method has.</summary>
    public static ConfigKeys Keys { get; } =
        new([typeof(TrainingConfig), .. MethodDefinition.All.Values.Select(method => method.NewSettings().GetType())]);

    /// <summary>Has their defaults.</summary>
    public static IConfiguration Defaults { get; } = new EveryMethod();

    private sealed class EveryMethod : IConfiguration
    {
        private readonly object[] parts =
        [
            new TrainingConfig(),
            .. MethodDefinition.All.Values.Select(method => method.NewSettings()),
        ];

        public object Part(Type type) => parts.Single(part => part.GetType() == type);
    }
}
