namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>The <c>datatype</c> codes of nifti1.h.</summary>
public enum NiftiDataType
{
    None = 0,
    UInt8 = 2,
    Int16 = 4,
    Int32 = 8,
    Float32 = 16,
    Complex64 = 32,
    Float64 = 64,
    Rgb24 = 128,
    Int8 = 256,
    UInt16 = 512,
    UInt32 = 768,
    Int64 = 1024,
    UInt64 = 1280,
    Complex128 = 1792,
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
