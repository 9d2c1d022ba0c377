using System.Globalization;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Training;

/// <summary>Parameters that a run leaves as they are: no optimizer has them.</summary>
public static class FrozenParameters
{
    private const int MostNamed = 20;

    /// <summary>What does not learn, in one line; null where nothing is frozen.</summary>
    /// <param name="method">Its optimizers have none of them.</param>
    /// <param name="freeze">Patterns.</param>
    /// <exception cref="InvalidDataException">A pattern matches no parameter, or all are frozen.</exception>
    public static string? Describe(TrainingMethod method, NamePatterns freeze)
    {
        if (freeze.Patterns.Count == 0)
            return null;
        Parameter[] all = [.. method.Modules.Where(module => !module.IsFrozen).SelectMany(module => module.Parameters.Trainable)];
        if (freeze.Patterns.FirstOrDefault(pattern => !all.Any(p => NamePatterns.Matches(pattern, p.Name))) is { } unmatched)
            throw new InvalidDataException(
                $"training.freeze: '{unmatched}' matches no parameter; their names begin with "
                    + string.Join(", ", all.Select(p => p.Name.Split('.', '_')[0]).Distinct().Take(MostNamed))
            );
        HashSet<Parameter> trained = [.. method.Optimizers.SelectMany(optimizer => optimizer.Trained)];
        if (trained.Count == 0)
            throw new InvalidDataException($"training.freeze: '{freeze}' matches all parameters; nothing is left to learn");
        Parameter[] frozen = [.. all.Where(p => freeze.Matches(p.Name) && !trained.Contains(p))];
        string counts = string.Join(", ", freeze.Patterns.Select(pattern => $"{pattern}: {CountOf(frozen, pattern)}"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"frozen: {frozen.Length} of {all.Length} tensors, {frozen.Sum(p => p.Value.Count):N0} parameters ({counts})"
        );
    }

    private static int CountOf(Parameter[] frozen, string pattern) =>
        frozen.Count(parameter => NamePatterns.Matches(pattern, parameter.Name));
}
