using System.Reflection;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Training.Configuration;

/// <summary>The keys of a configuration, by groups.</summary>
public sealed class ConfigKeys
{
    private readonly Dictionary<string, ConfigKey> byName;

    /// <param name="parts">Records with <see cref="ConfigKeyAttribute"/>s. Their keys stand side by side: groups of one name are
    /// one group.</param>
    public ConfigKeys(params IReadOnlyList<Type> parts)
        : this(_ => true, parts) { }

    /// <param name="belongs">Whether a key of the records, by its name, is one of these.</param>
    /// <param name="parts">As above.</param>
    public ConfigKeys(Func<string, bool> belongs, params IReadOnlyList<Type> parts)
    {
        ConfigKey[] keys = [.. parts.SelectMany(part => Find(part, [])).Where(key => belongs(key.Name))];
        All = [.. InGroups(keys, 0)];
        byName = All.ToDictionary(key => key.Name, StringComparer.Ordinal);
    }

    /// <summary>All of them; those of a group follow each other.</summary>
    public IReadOnlyList<ConfigKey> All { get; }

    /// <summary>The key that a path sets, and the part of the path below it where the key is a map.</summary>
    public (ConfigKey Key, string? Entry)? Resolve(string path)
    {
        if (byName.TryGetValue(path, out ConfigKey? key))
            return key.IsMap ? null : (key, null);
        ConfigKey? map = All.FirstOrDefault(k =>
            k.IsMap && path.StartsWith($"{k.Name}.", StringComparison.Ordinal) && path.Length > k.Name.Length + 1
        );
        return map is null ? null : (map, path[(map.Name.Length + 1)..]);
    }

    /// <summary>Whether there are keys below a path.</summary>
    public bool IsGroup(string path) =>
        All.Any(key => key.Name.StartsWith($"{path}.", StringComparison.Ordinal) || (key.IsMap && key.Name == path));

    /// <summary>The key whose name takes the fewest edits to become the given one; groups may be left out, or be
    /// others.</summary>
    public string Nearest(string path) =>
        All.MinBy(key =>
        {
            int whole = EditDistance.Of(key.Name, path);
            return (Math.Min(whole, EditDistance.Of(WithoutGroups(key.Name), WithoutGroups(path))), whole);
        })!.Name;

    private static string WithoutGroups(string path) => path[(path.LastIndexOf('.') + 1)..];

    /// <summary>The values of a record of these keys, as texts by key that <see cref="Parse"/> reads.</summary>
    public IReadOnlyDictionary<string, string> TextsOf(object config) =>
        All.ToDictionary(key => key.Name, key => key.TextIn(config));

    /// <summary>What is wrong with texts by key that somebody else wrote; null where nothing is.</summary>
    /// <param name="texts">By key.</param>
    /// <param name="group">What they are of, for the message: "network".</param>
    public string? ProblemOf(IReadOnlyDictionary<string, string> texts, string group)
    {
        foreach ((string name, string? text) in texts)
        {
            if (Resolve(name) is not var (key, _))
                return $"{group} has the unknown key {name}";
            if (text is null || !key.TryParse(text, out _))
                return $"{group}: {name} is '{text}', expected {key.Allowed}";
        }

        return null;
    }

    /// <summary>Sets what texts without a <see cref="ProblemOf"/> say.</summary>
    /// <param name="texts">By key.</param>
    /// <param name="config">With the values of keys that are missing; nobody else sees it yet.</param>
    /// <returns>The same, changed.</returns>
    public T Parse<T>(IReadOnlyDictionary<string, string> texts, T config)
        where T : class
    {
        foreach ((string name, string text) in texts)
        {
            if (Resolve(name) is var (key, _) && key.TryParse(text, out object value))
                key.SetIn(config, value);
        }

        return config;
    }

    private static IEnumerable<ConfigKey> Find(Type group, PropertyInfo[] above)
    {
        foreach (PropertyInfo property in group.GetProperties().Where(p => p.IsDefined(typeof(ConfigKeyAttribute))))
        {
            PropertyInfo[] path = [.. above, property];
            if (IsGroup(property.PropertyType))
            {
                foreach (ConfigKey key in Find(property.PropertyType, path))
                    yield return key;
            }
            else
            {
                yield return new ConfigKey(path);
            }
        }
    }

    private static bool IsGroup(Type type) =>
        type.IsClass && type.GetProperties().Any(property => property.IsDefined(typeof(ConfigKeyAttribute)));

    private static IEnumerable<ConfigKey> InGroups(IReadOnlyList<ConfigKey> keys, int depth) =>
        keys.GroupBy(key => key.Name.Split('.').ElementAtOrDefault(depth))
            .SelectMany(group => group.Key is null || group.Count() == 1 ? group : InGroups([.. group], depth + 1));
}
