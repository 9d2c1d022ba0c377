namespace UnpairedSegEngine.Training.Configuration;

/// <summary>A row of the table of all configuration keys.</summary>
/// <param name="Key">Dotted path.</param>
/// <param name="Allowed">The values it takes.</param>
/// <param name="Default">Its default.</param>
/// <param name="Meaning">One line with the unit.</param>
public sealed record ConfigExplanation(string Key, string Allowed, string Default, string Meaning);
