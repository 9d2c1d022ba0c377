namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>
/// Arithmetic of the convolutions' products. Sums, statistics and weights are float32, and so is everything stored but for
/// <see cref="Bf16"/>.
/// </summary>
public enum ConvolutionPrecision
{
    /// <summary>float32 on the CUDA cores.</summary>
    Fp32,

    /// <summary>Three bfloat16 parts per operand and six products on the tensor cores: float32's accuracy.</summary>
    Bf16x6,

    /// <summary>Two parts and three products: 16 bits.</summary>
    Bf16x3,

    /// <summary>
    /// One bfloat16 per operand: 8 bits. What <see cref="Backend.ActivationType"/> speaks of is stored so, too.
    /// </summary>
    Bf16,
}
