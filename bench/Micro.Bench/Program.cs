using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using UnpairedSegEngine.Bench.Micro;

// In this process: for a process of its own, BenchmarkDotNet would build a project that does not find the repository's package
// versions.
string[] withToolchain = args.Contains("--inProcess") ? args : [.. args, "--inProcess"];
BenchmarkSwitcher.FromAssembly(typeof(Workbench).Assembly).Run(withToolchain, DefaultConfig.Instance.AddColumn(new RateColumn()));
