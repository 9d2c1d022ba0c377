using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using UnpairedSegEngine.Backends.Cuda;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>
/// The blocks of parameters that kernels read stand twice, in kernels/*/parameters.cuh and as structs of the launch code: the
/// same fields at the same places, or a kernel reads one number as another.
/// </summary>
internal sealed partial class KernelParametersTests
{
    private static readonly string Kernels = Path.Combine(AppContext.BaseDirectory, "kernels");

    /// <summary>The structs of all headers, each text after those that it includes.</summary>
    private static readonly Dictionary<string, KernelStruct> Structs = Directory
        .EnumerateFiles(Kernels, "parameters.cuh", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)
        .SelectMany(file =>
            KernelStruct.Parse(
                Text("common/dropout_mask.cuh")
                    + Text("common/channel_sweep.cuh")
                    + Text("common/input_transform.cuh")
                    + File.ReadAllText(file)
            )
        )
        .DistinctBy(parsed => parsed.Key)
        .ToDictionary();

    private static readonly Type[] EngineStructs =
    [
        .. typeof(CudaBackend)
            .Assembly.GetTypes()
            .Where(type =>
                type.IsValueType
                && type.Namespace?.StartsWith("UnpairedSegEngine.Backends.Cuda", StringComparison.Ordinal) == true
            ),
    ];

    public static IEnumerable<string> Names => Structs.Keys;

    [TestCaseSource(nameof(Names))]
    public void The_launch_code_fills_the_fields_that_the_kernels_read(string name)
    {
        Type mirror = MirrorOf(name);
        Assert.That(
            FieldsOf(mirror).Select(field => field with { Name = Plain(field.Name) }),
            Is.EqualTo(Structs[name].Fields.Select(field => field with { Name = Plain(field.Name) })),
            $"{mirror.Name} against {name}"
        );
        Assert.That(SizeOf(mirror), Is.EqualTo(Structs[name].Bytes), "with the padding at the end");
    }

    /// <summary>A kernel whose parameters are declared elsewhere would escape the test above.</summary>
    [Test]
    public void Every_kernel_takes_a_block_that_is_checked()
    {
        string[] taken =
        [
            .. Directory
                .EnumerateFiles(Kernels, "*.cu", SearchOption.AllDirectories)
                .SelectMany(file => Kernel().Matches(File.ReadAllText(file)))
                .Select(match => match.Groups[1].Value)
                .Distinct(),
        ];
        Assert.That(taken, Has.Length.GreaterThan(15).And.All.AnyOf([.. Names, "Parameters"]));
    }

    [Test]
    public void The_check_sees_a_swapped_field()
    {
        const string Swapped =
            "struct SumParameters { const float* x; double* partial; float* y; long long sums; "
            + "int reduced, inner, chunks, chunk, lanes; };";
        Assert.That(
            KernelStruct.Parse(Swapped)["SumParameters"].Fields.Select(field => Plain(field.Name)),
            Is.Not.EqualTo(FieldsOf(MirrorOf("SumParameters")).Select(field => Plain(field.Name)))
        );
    }

    [Test]
    public void Structs_are_laid_out_by_the_rules_of_C()
    {
        KernelStruct parsed = KernelStruct.Parse(
            "constexpr int kMost = 3;\nstruct Inner {\n  int a, b, c;  // three\n  DEVICE int f() const { return a; }\n};\n"
                + "struct Outer { float x; Inner many[kMost]; const double* p; int last; };"
        )["Outer"];
        Assert.That(
            parsed.Fields,
            Is.EqualTo(new StructField[] { new("x", 0, 4), new("many", 4, 36), new("p", 40, 8), new("last", 48, 4) })
        );
        Assert.That(parsed.Bytes, Is.EqualTo(56));
    }

    /// <summary>By name, with "Kernel" before what the engine has itself, or "Parameters" behind.</summary>
    private static Type MirrorOf(string name)
    {
        string[] names = name switch
        {
            "DropoutMask" => ["KernelDropout"],
            "PoolingSize" => ["KernelSize"],
            "Size3" => ["KernelSize"],
            _ => [name, $"{name}Parameters", $"Kernel{name}"],
        };
        Type[] found = [.. EngineStructs.Where(type => names.Contains(type.Name))];
        Assert.That(found, Has.Length.EqualTo(1), $"the launch code needs a struct {string.Join(" or ", names)}");
        return found[0];
    }

    private static IEnumerable<StructField> FieldsOf(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(field => new StructField(
                field.Name,
                OffsetOf(field),
                SizeOf(type.IsDefined(typeof(InlineArrayAttribute)) ? type : field.FieldType)
            ))
            .OrderBy(field => field.Offset);

    /// <summary>Of the field as it lies in memory, which is what a launch copies.</summary>
    private static int OffsetOf(FieldInfo field)
    {
        var method = new DynamicMethod(
            "offset",
            typeof(int),
            [field.DeclaringType!],
            typeof(KernelParametersTests),
            skipVisibility: true
        );
        ILGenerator code = method.GetILGenerator();
        code.Emit(OpCodes.Ldarga_S, 0);
        code.Emit(OpCodes.Ldflda, field);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Ldarga_S, 0);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Sub);
        code.Emit(OpCodes.Conv_I4);
        code.Emit(OpCodes.Ret);
        return (int)method.Invoke(null, [Activator.CreateInstance(field.DeclaringType!)])!;
    }

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static string Plain(string name) => name.Replace("_", string.Empty, StringComparison.Ordinal).ToUpperInvariant();

    private static string Text(string file) => File.ReadAllText(Path.Combine(Kernels, file));

    [GeneratedRegex(@"^(?:SOLE_|CLUSTER_)?KERNEL\([^)]*,\s*(\w+)\)", RegexOptions.Multiline)]
    private static partial Regex Kernel();
}
