using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Fuzz;

/// <summary>Which exceptions are the program's own refusal of an input; any other is a fault.</summary>
internal static class Expected
{
    /// <summary>Of files.</summary>
    private static readonly Type[] OfFiles = [typeof(InvalidDataException)];

    /// <summary>Of what a person writes on the command line.</summary>
    private static readonly Type[] OfUsage = [typeof(UsageException), typeof(ArgumentException)];

    public static bool Is(Exception exception, bool isUsage) => (isUsage ? OfUsage : OfFiles).Contains(exception.GetType());
}
