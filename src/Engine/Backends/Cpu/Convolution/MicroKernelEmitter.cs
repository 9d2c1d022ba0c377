using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// Writes a micro-kernel as IL. Emitted at run time because the JIT keeps accumulators in registers only as individually named
/// locals,
/// addresses rows without arithmetic only where strides are constants, and optimises dynamic methods fully at once.
/// </summary>
internal sealed class MicroKernelEmitter
{
    private const int ArgumentA = 0,
        ArgumentB = 1,
        ArgumentC = 2,
        ArgumentSegments = 3,
        ArgumentCount = 4,
        ArgumentSteps = 5,
        ArgumentAccumulate = 6;

    private readonly MicroKernelShape shape;
    private readonly ILGenerator il;
    private readonly Type vectorType;
    private readonly MethodInfo create,
        load,
        store,
        multiplyAdd,
        add;
    private readonly LocalBuilder pointerA,
        pointerB,
        remaining,
        broadcast;
    private readonly LocalBuilder[] columns;
    private readonly LocalBuilder[,] accumulators;

    private MicroKernelEmitter(MicroKernelShape shape, ILGenerator il)
    {
        this.shape = shape;
        this.il = il;
        (Type api, Type generic) = shape.VectorBytes switch
        {
            64 => (typeof(Vector512), typeof(Vector512<>)),
            32 => (typeof(Vector256), typeof(Vector256<>)),
            _ => (typeof(Vector128), typeof(Vector128<>)),
        };
        vectorType = generic.MakeGenericType(shape.ElementType);
        create = api.GetMethod("Create", [shape.ElementType])!;
        load = Generic(api, "Load");
        store = Generic(api, "Store");
        multiplyAdd = api.GetMethod("FusedMultiplyAdd", [vectorType, vectorType, vectorType])!;
        add = vectorType.GetMethod("op_Addition", [vectorType, vectorType])!;
        pointerA = il.DeclareLocal(typeof(nint));
        pointerB = il.DeclareLocal(typeof(nint));
        remaining = il.DeclareLocal(typeof(nint));
        broadcast = il.DeclareLocal(vectorType);
        columns = [.. Enumerable.Range(0, shape.Vectors).Select(_ => il.DeclareLocal(vectorType))];
        accumulators = new LocalBuilder[shape.Rows, shape.Vectors];
        ForEachAccumulator((row, vector) => accumulators[row, vector] = il.DeclareLocal(vectorType));
    }

    /// <summary>Compiles the kernel of this shape.</summary>
    public static MicroKernel Compile(MicroKernelShape shape)
    {
        var method = new DynamicMethod(
            $"kernel{shape.Rows}x{shape.Vectors}",
            typeof(void),
            [typeof(byte*), typeof(byte*), typeof(byte*), typeof(Segment*), typeof(nint), typeof(nint), typeof(nint)],
            typeof(MicroKernelEmitter).Module,
            skipVisibility: true
        );
        new MicroKernelEmitter(shape, method.GetILGenerator()).Emit();
        return method.CreateDelegate<MicroKernel>();
    }

    private void Emit()
    {
        ForEachAccumulator(
            (row, vector) =>
            {
                il.Emit(OpCodes.Ldloca, accumulators[row, vector]);
                il.Emit(OpCodes.Initobj, vectorType);
            }
        );
        Label segment = il.DefineLabel(),
            step = il.DefineLabel();
        il.MarkLabel(segment);
        EmitSegmentStart();
        il.MarkLabel(step);
        EmitStep();
        EmitDecrement(remaining, step);
        EmitNextSegment(segment);
        EmitResult();
        il.Emit(OpCodes.Ret);
    }

    /// <summary>pointerA = a + segments->OffsetA; pointerB = b + segments->OffsetB; remaining = steps.</summary>
    private void EmitSegmentStart()
    {
        EmitSegmentPointer(ArgumentA, 0, pointerA);
        EmitSegmentPointer(ArgumentB, sizeof(long), pointerB);
        il.Emit(OpCodes.Ldarg, ArgumentSteps);
        il.Emit(OpCodes.Stloc, remaining);
    }

    private void EmitSegmentPointer(int argument, int field, LocalBuilder pointer)
    {
        il.Emit(OpCodes.Ldarg, argument);
        il.Emit(OpCodes.Ldarg, ArgumentSegments);
        EmitOffset(field);
        il.Emit(OpCodes.Ldind_I);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, pointer);
    }

    /// <summary>All multiply-adds of one step, then both pointers advance.</summary>
    private void EmitStep()
    {
        for (int vector = 0; vector < shape.Vectors; vector++)
        {
            il.Emit(OpCodes.Ldloc, pointerB);
            EmitOffset(vector * shape.VectorBytes);
            il.Emit(OpCodes.Call, load);
            il.Emit(OpCodes.Stloc, columns[vector]);
        }

        for (int row = 0; row < shape.Rows; row++)
        {
            il.Emit(OpCodes.Ldloc, pointerA);
            EmitOffset(row * shape.RowStride * shape.ElementBytes);
            il.Emit(OpCodes.Ldobj, shape.ElementType);
            il.Emit(OpCodes.Call, create);
            il.Emit(OpCodes.Stloc, broadcast);
            for (int vector = 0; vector < shape.Vectors; vector++)
            {
                il.Emit(OpCodes.Ldloc, broadcast);
                il.Emit(OpCodes.Ldloc, columns[vector]);
                il.Emit(OpCodes.Ldloc, accumulators[row, vector]);
                il.Emit(OpCodes.Call, multiplyAdd);
                il.Emit(OpCodes.Stloc, accumulators[row, vector]);
            }
        }

        EmitAdvance(pointerA, shape.StepA);
        EmitAdvance(pointerB, shape.StepB);
    }

    private void EmitAdvance(LocalBuilder pointer, int elements)
    {
        il.Emit(OpCodes.Ldloc, pointer);
        EmitOffset(elements * shape.ElementBytes);
        il.Emit(OpCodes.Stloc, pointer);
    }

    private void EmitDecrement(LocalBuilder counter, Label again)
    {
        il.Emit(OpCodes.Ldloc, counter);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Dup);
        il.Emit(OpCodes.Stloc, counter);
        il.Emit(OpCodes.Brtrue, again);
    }

    /// <summary>segments++; if (--segmentCount != 0) goto segment.</summary>
    private void EmitNextSegment(Label segment)
    {
        il.Emit(OpCodes.Ldarg, ArgumentSegments);
        EmitOffset(2 * sizeof(long));
        il.Emit(OpCodes.Starg, ArgumentSegments);
        il.Emit(OpCodes.Ldarg, ArgumentCount);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Dup);
        il.Emit(OpCodes.Starg, ArgumentCount);
        il.Emit(OpCodes.Brtrue, segment);
    }

    private void EmitResult()
    {
        Label stores = il.DefineLabel();
        il.Emit(OpCodes.Ldarg, ArgumentAccumulate);
        il.Emit(OpCodes.Brfalse, stores);
        ForEachAccumulator(
            (row, vector) =>
            {
                il.Emit(OpCodes.Ldloc, accumulators[row, vector]);
                EmitResultAddress(row, vector);
                il.Emit(OpCodes.Call, load);
                il.Emit(OpCodes.Call, add);
                il.Emit(OpCodes.Stloc, accumulators[row, vector]);
            }
        );
        il.MarkLabel(stores);
        ForEachAccumulator(
            (row, vector) =>
            {
                il.Emit(OpCodes.Ldloc, accumulators[row, vector]);
                EmitResultAddress(row, vector);
                il.Emit(OpCodes.Call, store);
            }
        );
    }

    private void EmitResultAddress(int row, int vector)
    {
        il.Emit(OpCodes.Ldarg, ArgumentC);
        EmitOffset((row * shape.RowStrideC * shape.ElementBytes) + (vector * shape.VectorBytes));
    }

    private void EmitOffset(int bytes)
    {
        if (bytes == 0)
            return;
        il.Emit(OpCodes.Ldc_I4, bytes);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Add);
    }

    private void ForEachAccumulator(Action<int, int> action)
    {
        for (int row = 0; row < shape.Rows; row++)
        {
            for (int vector = 0; vector < shape.Vectors; vector++)
                action(row, vector);
        }
    }

    private MethodInfo Generic(Type api, string name) =>
        api.GetMethods()
            .Single(m =>
                m.Name == name && m.IsGenericMethodDefinition && m.GetParameters() is [.., { ParameterType.IsPointer: true }]
            )
            .MakeGenericMethod(shape.ElementType);
}
