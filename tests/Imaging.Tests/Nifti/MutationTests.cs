using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Tests.Nifti;

/// <summary>Files with random bytes changed: each is read, or refused as bad data; nothing else may happen.</summary>
public sealed class MutationTests
{
    [Test]
    public void RandomDamageIsReadOrRefused([Values(1, 2)] int version, [Values] bool bigEndian, [Values] bool gzip)
    {
        var random = new Random((version * 4) + (bigEndian ? 2 : 0) + (gzip ? 1 : 0));
        var original = SmallNifti.Bytes(version, bigEndian);
        using var folder = new TemporaryFolder();
        var path = folder.File("a.nii");
        var refused = 0;
        for (var trial = 0; trial < 500; trial++)
        {
            var bytes = (byte[])original.Clone();
            if (gzip && trial % 2 == 0)
                bytes = bytes.Gzip();
            for (var change = random.Next(1, 5); change > 0; change--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (gzip && trial % 2 == 1)
                bytes = bytes.Gzip();
            File.WriteAllBytes(path, bytes);
            try
            {
                var image = NiftiFile.Open(path);
                if (image.Header.DataType.IsReal())
                    Assert.That(image.ToScaledDoubles(), Has.Length.EqualTo(image.Header.Shape.Aggregate(1L, (a, b) => a * b)));
            }
            catch (InvalidDataException error)
            {
                Assert.That(error.Message, Does.Contain("a.nii"), $"trial {trial}");
                refused++;
            }
        }

        Assert.That(refused, Is.InRange(20, 480));
    }
}
