using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Tensors;

internal sealed class TensorScopeTests
{
    private Device device = null!;

    private int Live => device.Pool.LiveBuffers;

    [SetUp]
    public void Open() => device = Device.OpenCpu();

    [TearDown]
    public void Close() => device.Dispose();

    [Test]
    public void Closing_frees_what_was_allocated_inside()
    {
        Tensor tensor;
        using (TensorScope scope = TensorScope.Open(device))
        {
            tensor = Some();
            Assert.That(Live, Is.EqualTo(1));
        }

        Assert.That(Live, Is.Zero);
        Assert.That(() => tensor.ToArray<float>(), Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("Keep()"));
    }

    [Test]
    public void An_inner_scope_leaves_the_outer_ones_tensors()
    {
        using TensorScope outer = TensorScope.Open(device);
        Tensor before = Some();
        using (TensorScope inner = TensorScope.Open(device))
            _ = Some();
        Tensor after = Some();
        Assert.That((Live, before.IsDisposed, after.IsDisposed), Is.EqualTo((2, false, false)));
    }

    [Test]
    public void Keep_hands_a_tensor_one_scope_up()
    {
        Tensor kept;
        using (TensorScope outer = TensorScope.Open(device))
        {
            using (TensorScope inner = TensorScope.Open(device))
                kept = Some().Keep();
            Assert.That(kept.IsDisposed, Is.False);
        }

        Assert.That(kept.IsDisposed);
        using (TensorScope only = TensorScope.Open(device))
            kept = Some().Keep();
        Assert.That(kept.IsDisposed, Is.False, "there is no scope further up: the caller owns it");
        kept.Dispose();
        Assert.That(Live, Is.Zero);
    }

    [Test]
    public void Detach_takes_a_tensor_out_of_every_scope()
    {
        Tensor detached;
        using (TensorScope outer = TensorScope.Open(device))
        using (TensorScope inner = TensorScope.Open(device))
            detached = Some().Detach();
        Assert.That((Live, detached.IsDisposed), Is.EqualTo((1, false)));
        detached.Dispose();
        Assert.That(Live, Is.Zero);
    }

    [Test]
    public void Memory_goes_back_with_the_last_view()
    {
        Tensor view;
        using (TensorScope scope = TensorScope.Open(device))
            view = Some().Reshape(new Shape(3, 2)).Detach();
        Assert.That(Live, Is.EqualTo(1));
        Assert.That(view.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));
        view.Dispose();
        view.Dispose();
        Assert.That(Live, Is.Zero, "a second Dispose does nothing");
    }

    [Test]
    public void Scopes_of_two_devices_are_apart()
    {
        using Device other = Device.OpenCpu();
        Tensor mine;
        using (TensorScope ofMine = TensorScope.Open(device))
        {
            mine = Some().Detach();
            using (TensorScope ofOther = TensorScope.Open(other))
                _ = Some();
            Assert.That((Live, other.Pool.LiveBuffers), Is.EqualTo((2, 0)));
        }

        mine.Dispose();
    }

    [Test]
    public void Scopes_close_in_reverse_order()
    {
        TensorScope outer = TensorScope.Open(device),
            inner = TensorScope.Open(device);
        Assert.That(outer.Dispose, Throws.InvalidOperationException.With.Message.Contains("reverse order"));
        inner.Dispose();
        outer.Dispose();
    }

    private Tensor Some() => Tensor.From<float>(device, new Shape(2, 3), [1, 2, 3, 4, 5, 6]);
}
