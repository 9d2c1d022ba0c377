using System.Text.Json;

namespace UnpairedSegEngine.Training.Configuration;

/// <summary>Names of properties and enum members as configuration files write them.</summary>
internal static class SnakeCase
{
    public static string From(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
}
