using Castle.DynamicProxy;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Engine.Tests.Autograd;

/// <summary>A CPU backend that counts the calls of each operation, and can fail on one.</summary>
internal sealed class WatchedBackend : IInterceptor, IDisposable
{
    private readonly CpuBackend inner;
    private readonly Dictionary<string, int> calls = [];

    public WatchedBackend(Device device)
    {
        inner = new CpuBackend(device, threads: 1);
        Backend = (Backend)new ProxyGenerator().CreateClassProxyWithTarget(typeof(Backend), inner, [device], this);
    }

    public Backend Backend { get; }

    /// <summary>The operation that runs out of memory.</summary>
    public string? Failing { get; set; }

    public int CallsOf(string operation) => calls.GetValueOrDefault(operation);

    public void Intercept(IInvocation invocation)
    {
        string operation = invocation.Method.Name;
        calls[operation] = CallsOf(operation) + 1;
        if (operation == Failing)
            throw new OutOfMemoryException(operation);
        invocation.Proceed();
    }

    public void Dispose() => inner.Dispose();
}
