using UnpairedSegEngine.Backends.Cuda.Compilation;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

[NonParallelizable]
internal sealed class KernelImagesTests
{
    private string? nvrtc;

    [SetUp]
    public void RememberNvrtc() => nvrtc = Environment.GetEnvironmentVariable(Nvrtc.PathVariable);

    [TearDown]
    public void RestoreNvrtc() => Environment.SetEnvironmentVariable(Nvrtc.PathVariable, nvrtc);

    [Test]
    public void Without_images_and_compiler_one_line_names_what_was_tried()
    {
        using var folder = new TemporaryFolder();
        Environment.SetEnvironmentVariable(Nvrtc.PathVariable, folder.Path);
        Assert.That(
            () => new KernelImages(KernelSources.Shipped, folder.Path, 90).Load("optimizer/adam"),
            Throws
                .TypeOf<CudaException>()
                .With.Message.Contains("no image of kernels/optimizer/adam.cu for sm_90a")
                .And.Message.Contains("NVRTC was not found")
                .And.Message.Not.Contains("\n")
        );
    }

    [Test]
    public void An_image_built_for_the_architecture_comes_before_a_fatbin()
    {
        using var folder = new TemporaryFolder();
        string images = Directory.CreateDirectory(Path.Combine(folder.Path, "images")).FullName;
        var sources = new KernelSources(folder.Path);
        File.WriteAllBytes(Path.Combine(images, "a.b.fatbin"), [1]);
        Assert.That(new KernelImages(sources, folder.Path, 90).Load("a/b"), Is.EqualTo(new byte[] { 1 }));
        File.WriteAllBytes(Path.Combine(images, "a.b.sm_90a.cubin"), [2]);
        Assert.That(new KernelImages(sources, folder.Path, 90).Load("a/b"), Is.EqualTo(new byte[] { 2 }));
        Assert.That(new KernelImages(sources, folder.Path, 80).Load("a/b"), Is.EqualTo(new byte[] { 1 }));
    }

    /// <summary>Machine code runs on later GPUs of its generation, PTX on all later ones.</summary>
    [TestCase(80, 1)]
    [TestCase(89, 1)]
    [TestCase(86, 2)]
    [TestCase(90, 3)]
    [TestCase(100, 3)]
    public void The_nearest_image_of_the_generation_is_taken_else_ptx(int capability, int image)
    {
        using var folder = new TemporaryFolder();
        string images = Directory.CreateDirectory(Path.Combine(folder.Path, "images")).FullName;
        File.WriteAllBytes(Path.Combine(images, "a.b.sm_80.cubin"), [1]);
        File.WriteAllBytes(Path.Combine(images, "a.b.compute_80.ptx"), [3]);
        if (capability == 86)
            File.WriteAllBytes(Path.Combine(images, "a.b.sm_86.cubin"), [2]);
        Assert.That(
            new KernelImages(new KernelSources(folder.Path), folder.Path, capability).Load("a/b"),
            Is.EqualTo(new[] { (byte)image })
        );
    }

    [Test]
    public void A_compiled_image_is_kept_and_a_damaged_one_made_anew()
    {
        RequireNvrtc();
        using var folder = new TemporaryFolder();
        var images = new KernelImages(KernelSources.Shipped, folder.Path, 90);
        byte[] first = images.Load("optimizer/adam");
        string cached = Directory.GetFiles(folder.Path).Single();
        byte[] kept = File.ReadAllBytes(cached);
        Assert.That(kept[32..], Is.EqualTo(first));
        DateTime written = File.GetLastWriteTimeUtc(cached);
        Assert.That(images.Load("optimizer/adam"), Is.EqualTo(first));
        Assert.That(File.GetLastWriteTimeUtc(cached), Is.EqualTo(written), "the second time it was read");
        File.WriteAllBytes(cached, kept[..(kept.Length / 2)]);
        Assert.That(images.Load("optimizer/adam"), Is.EqualTo(first));
        Assert.That(File.ReadAllBytes(cached), Is.EqualTo(kept));
    }

    [Test]
    public void A_source_that_does_not_compile_is_named_with_its_line()
    {
        RequireNvrtc();
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "a"));
        File.WriteAllText(Path.Combine(folder.Path, "a", "b.cu"), "extern \"C\" __global__ void k() {\n  nonsense;\n}\n");
        Assert.That(
            () => new KernelImages(new KernelSources(folder.Path), folder.Path, 80).Load("a/b"),
            Throws
                .TypeOf<CudaException>()
                .With.Message.Contains("b.cu(2): error")
                .And.Message.Contains("nonsense")
                .And.Message.Not.Contains("\n")
        );
    }

    [Test]
    public void The_ledger_reads_the_assemblers_report()
    {
        const string log = """
            ptxas info    : (C7515) Potential Performance Loss: wgmma.mma_async instructions are serialized due to non wgmma instructions defining accumulator registers of a wgmma between start and end of the pipeline stage in the function 'two'
            ptxas info    : 0 bytes gmem
            ptxas info    : Compiling entry function 'one' for 'sm_80'
            ptxas info    : Function properties for one
                16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads
            ptxas info    : Used 40 registers, 1024 bytes smem, 400 bytes cmem[0]
            ptxas info    : Compiling entry function 'two' for 'sm_80'
            ptxas info    : Function properties for two
                0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
            ptxas info    : Used 12 registers, 400 bytes cmem[0]

            """;
        Assert.That(
            KernelLedger.Parse(log),
            Is.EqualTo(
                new[]
                {
                    new KernelUsage("one", "sm_80", 40, 1024, 16, 20),
                    new KernelUsage("two", "sm_80", 12, 0, 0, 0, Serialized: true),
                }
            )
        );
    }

    private static void RequireNvrtc()
    {
        if (Nvrtc.TryLoad(out string reason) is null)
            Assert.Ignore(reason);
    }
}
