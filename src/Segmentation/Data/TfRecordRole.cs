using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Whose records a file or list holds and what they are for, as its name says.</summary>
/// <param name="Modality">In upper case.</param>
/// <param name="Part">Train, val or test.</param>
internal sealed partial record TfRecordRole(string Modality, string Part)
{
    public const string Training = "train",
        Validation = "val",
        Test = "test";

    private static readonly Dictionary<string, string> PartOfWord = new(StringComparer.Ordinal)
    {
        ["train"] = Training,
        ["training"] = Training,
        ["val"] = Validation,
        ["valid"] = Validation,
        ["validation"] = Validation,
        ["test"] = Test,
        ["testing"] = Test,
    };

    private static readonly HashSet<string> FileWords = new(StringComparer.Ordinal) { "", "list", "tfs", "tf" };

    /// <summary>
    /// The role that a name speaks of by a word for the part beside one that is left, the modality's; null where it does not.
    /// </summary>
    public static TfRecordRole? Of(string name)
    {
        string[] words = WordsOf(name),
            parts = [.. words.Where(PartOfWord.ContainsKey).Select(word => PartOfWord[word]).Distinct()];
        string[] rest =
        [
            .. words.Where(word => !PartOfWord.ContainsKey(word) && !FileWords.Contains(word) && !word.All(char.IsDigit)),
        ];
        return (parts, rest) is ([string part], [string modality]) ? new TfRecordRole(modality.ToUpperInvariant(), part) : null;
    }

    /// <summary>Whether a name is that of a list of paths.</summary>
    public static bool IsList(string name) => WordsOf(name).Contains("list") && WordsOf(name).Any(PartOfWord.ContainsKey);

    private static string[] WordsOf(string name) => [.. NoWord().Split(name).Select(word => word.ToLowerInvariant())];

    [GeneratedRegex("[^A-Za-z0-9]+")]
    private static partial Regex NoWord();
}
