using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace UnpairedSegEngine.Architecture.Tests.PublicApi;

/// <summary>What an assembly shows to others, as sorted lines: one for each type and each of its members.</summary>
internal static class ApiText
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(nint)] = "nint",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
    };

    public static string[] Of(Assembly assembly) =>
        [.. assembly.GetExportedTypes().SelectMany(Lines).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Lines(Type type)
    {
        string owner = FullName(type);
        string[] bases =
        [
            .. new[] { type.BaseType }
                .OfType<Type>()
                .Where(b => b != typeof(object) && b != typeof(ValueType) && b != typeof(Enum))
                .Concat(type.IsEnum ? [] : type.GetInterfaces().OrderBy(Name, StringComparer.Ordinal))
                .Where(b => b.IsVisible)
                .Select(Name),
        ];
        yield return $"{owner} : {KindOf(type)}{(bases.Length == 0 ? "" : " : " + string.Join(", ", bases))}";
        foreach (MemberInfo member in type.GetMembers(Declared).Where(IsShown))
            yield return $"{owner} . {Text(member)}";
    }

    private static string KindOf(Type type) =>
        type.IsInterface ? "interface"
        : type.IsEnum ? "enum"
        : type.IsValueType ? "struct"
        : type.IsSubclassOf(typeof(Delegate)) ? "delegate"
        : type is { IsAbstract: true, IsSealed: true } ? "static class"
        : type.IsAbstract ? "abstract class"
        : type.IsSealed ? "sealed class"
        : "class";

    private static bool IsShown(MemberInfo member) =>
        (member is PropertyInfo or EventInfo || !member.IsDefined(typeof(CompilerGeneratedAttribute)))
        && member switch
        {
            MethodBase { IsSpecialName: true } method => (
                method.IsConstructor && !method.IsStatic || method.Name.StartsWith("op_")
            ) && IsShown(method),
            MethodBase method => IsShown(method),
            FieldInfo field => (field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly) && !field.IsSpecialName,
            PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsShown) && property.Name != "EqualityContract",
            EventInfo => true,
            _ => false,
        };

    private static bool IsShown(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Text(MemberInfo member) =>
        member switch
        {
            ConstructorInfo made => $"{Access(made)}new({Parameters(made)})",
            MethodInfo method =>
                $"{Access(method)}{Name(method.ReturnType)} {method.Name}{Arguments(method.GetGenericArguments())}"
                    + $"({Parameters(method)})",
            FieldInfo field =>
                $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}"
                    + (field.IsLiteral ? $" = {Value(field.GetRawConstantValue())}" : ""),
            PropertyInfo property => PropertyText(property),
            _ => $"event {member.Name}",
        };

    private static string PropertyText(PropertyInfo property)
    {
        MethodInfo[] shown = [.. property.GetAccessors(nonPublic: true).Where(IsShown)];
        string index = string.Join(", ", property.GetIndexParameters().Select(Parameter));
        bool isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        IEnumerable<string> accessors = shown.Select(method =>
            method == property.GetMethod ? "get;"
            : isInit ? "init;"
            : "set;"
        );
        return $"{Access(shown[0])}{Name(property.PropertyType)} {property.Name}{(index.Length > 0 ? $"[{index}]" : "")} "
            + $"{{ {string.Join(" ", accessors)} }}";
    }

    private static string Access(MethodBase method) =>
        (method.IsPublic ? "" : "protected ")
        + (
            method.IsStatic ? "static "
            : method.IsAbstract ? "abstract "
            : method is { IsVirtual: true, IsFinal: false } ? "virtual "
            : ""
        );

    private static string Parameters(MethodBase method) =>
        (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "")
        + string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string way =
            parameter.IsOut ? "out "
            : parameter.IsIn ? "in "
            : parameter.ParameterType.IsByRef ? "ref "
            : "";
        return $"{way}{Name(parameter.ParameterType)} {parameter.Name}"
            + (parameter.HasDefaultValue ? $" = {Value(parameter.RawDefaultValue)}" : "");
    }

    private static string Value(object? value) =>
        value switch
        {
            null => "default",
            string text => $"\"{text}\"",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };

    private static string FullName(Type type) =>
        $"{type.Namespace}.{(type.IsNested ? Name(type.DeclaringType!) + "." : "")}{Name(type)}";

    private static string Name(Type type)
    {
        if (Keywords.TryGetValue(type, out string? keyword))
            return keyword;
        if (type.IsByRef)
            return Name(type.GetElementType()!);
        if (type.IsArray)
            return $"{Name(type.GetElementType()!)}[]";
        if (type.IsPointer)
            return $"{Name(type.GetElementType()!)}*";
        return Nullable.GetUnderlyingType(type) is { } inner
            ? $"{Name(inner)}?"
            : type.Name.Split('`')[0] + Arguments(type.GetGenericArguments());
    }

    private static string Arguments(Type[] arguments) =>
        arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(Name))}>";
}
