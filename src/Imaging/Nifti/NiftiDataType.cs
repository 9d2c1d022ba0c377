namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>The <c>datatype</c> codes of nifti1.h.</summary>
public enum NiftiDataType
{
    /// <summary>Unknown; a file that has it is refused.</summary>
    None = 0,

    /// <summary>Whole numbers 0 to 255: what label maps are written in.</summary>
    UInt8 = 2,

    /// <summary>Signed, 16 bits: what most scanners write.</summary>
    Int16 = 4,

    /// <summary>Signed, 32 bits.</summary>
    Int32 = 8,

    /// <summary>IEEE 754 binary32.</summary>
    Float32 = 16,

    /// <summary>Two <see cref="Float32"/>, real and imaginary part. Only its stored bytes can be read.</summary>
    Complex64 = 32,

    /// <summary>IEEE 754 binary64.</summary>
    Float64 = 64,

    /// <summary>Three bytes: red, green, blue. Only its stored bytes can be read.</summary>
    Rgb24 = 128,

    /// <summary>Signed, 8 bits.</summary>
    Int8 = 256,

    /// <summary>Unsigned, 16 bits.</summary>
    UInt16 = 512,

    /// <summary>Unsigned, 32 bits.</summary>
    UInt32 = 768,

    /// <summary>Signed, 64 bits; above 2^53 a scaled value is rounded to a double.</summary>
    Int64 = 1024,

    /// <summary>Unsigned, 64 bits; above 2^53 a scaled value is rounded to a double.</summary>
    UInt64 = 1280,

    /// <summary>Two <see cref="Float64"/>, real and imaginary part. Only its stored bytes can be read.</summary>
    Complex128 = 1792,

    /// <summary>Four bytes: red, green, blue, opacity. Only its stored bytes can be read.</summary>
    Rgba32 = 2304,
}

/// <summary>Sizes and names of the data types this reader knows.</summary>
public static class NiftiDataTypes
{
    /// <summary>Bytes of one number: what byte swapping works on (a complex has two numbers, a colour three or four).</summary>
    public static int ComponentBytes(this NiftiDataType type) =>
        type switch
        {
            NiftiDataType.UInt8 or NiftiDataType.Int8 or NiftiDataType.Rgb24 or NiftiDataType.Rgba32 => 1,
            NiftiDataType.Int16 or NiftiDataType.UInt16 => 2,
            NiftiDataType.Int32 or NiftiDataType.UInt32 or NiftiDataType.Float32 or NiftiDataType.Complex64 => 4,
            NiftiDataType.Int64 or NiftiDataType.UInt64 or NiftiDataType.Float64 or NiftiDataType.Complex128 => 8,
            _ => 0,
        };

    /// <summary>Bytes of one voxel; 0 for a type this reader does not know.</summary>
    public static int VoxelBytes(this NiftiDataType type) =>
        type.ComponentBytes()
        * type switch
        {
            NiftiDataType.Rgb24 => 3,
            NiftiDataType.Rgba32 => 4,
            NiftiDataType.Complex64 or NiftiDataType.Complex128 => 2,
            _ => 1,
        };

    /// <summary>Whether a voxel is one real number.</summary>
    public static bool IsReal(this NiftiDataType type) =>
        type.VoxelBytes() > 0 && type.VoxelBytes() == type.ComponentBytes() && type is not NiftiDataType.None;

    /// <summary>"int16", "float32", "rgb24", ...</summary>
    public static string Name(this NiftiDataType type) =>
        Enum.IsDefined(type) ? type.ToString().ToLowerInvariant() : $"unknown ({(int)type})";
}
