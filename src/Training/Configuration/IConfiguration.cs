namespace UnpairedSegEngine.Training.Configuration;

/// <summary>A configuration that consists of several records, whose groups stand side by side.</summary>
public interface IConfiguration
{
    /// <summary>The record of a type.</summary>
    object Part(Type type);
}
