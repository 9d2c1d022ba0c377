using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Scripts of tools/ as processes, and what they leave.</summary>
internal static class ShellScript
{
    /// <summary>Ignores the running tests where a tool is missing.</summary>
    public static void Require(params string[] tools)
    {
        if (Repository.Found is null)
            Assert.Ignore("not within the repository");
        if (tools.FirstOrDefault(tool => !IsInstalled(tool)) is { } missing)
            Assert.Ignore($"{missing} is missing");
    }

    public static bool IsInstalled(string tool) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(path => File.Exists(Path.Combine(path, tool)));

    /// <summary>A program that stands in for another.</summary>
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public static void Write(string path, string text)
    {
        File.WriteAllText(path, $"#!/bin/bash\n{text}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <returns>The exit code, and output and errors one after the other.</returns>
    public static (int Code, string Text) Run(string name, string[] arguments, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Repository.Root, "tools", name), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string variable, string value) in variables)
            start.Environment[variable] = value;
        using Process script = Process.Start(start)!;
        Task<string> errors = script.StandardError.ReadToEndAsync();
        string output = script.StandardOutput.ReadToEnd();
        script.WaitForExit();
        return (script.ExitCode, output + errors.Result);
    }

    /// <summary>Names of the files in a .tgz.</summary>
    public static HashSet<string> FilesOf(string archive)
    {
        using FileStream file = File.OpenRead(archive);
        using var reader = new TarReader(new GZipStream(file, CompressionMode.Decompress));
        var files = new HashSet<string>();
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.EntryType == TarEntryType.RegularFile)
                files.Add(entry.Name);
        }

        return files;
    }
}
