using System.Text.Json;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>profile --model: a step's kernels on a GPU that is not there.</summary>
internal sealed class PredictedProfileTests : CommandLine
{
    private static readonly string[] Small = ["--set", "network.channels=16", "data.size=32", "data.depth=8", "training.batch=1"];

    [Test]
    public void A_step_is_predicted_by_kernel([Values("dilated2d", "unet3d")] string network, [Values] bool branches)
    {
        string json = PathOf($"{network}-{branches}.json");
        (int code, string output, string errors) = Run([
            "profile",
            "--model",
            "h100",
            "--network",
            network,
            "--json",
            json,
            "--assumptions",
            .. branches ? [] : new[] { "--no-branch" },
            .. Small,
        ]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("+-40 %").And.Contain("weight gradients").And.Contain("WarpIssueRate"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        JsonElement root = document.RootElement;
        double step = root.GetProperty("step_ms").GetDouble();
        Assert.That(step, Is.InRange(0.2, 20));
        Assert.That(root.GetProperty("model").GetString(), Is.EqualTo("h100"));
        Assert.That(root.GetProperty("network").GetString(), Is.EqualTo(network));
        Assert.That(root.GetProperty("batch").GetInt32(), Is.EqualTo(1));
        Assert.That(root.GetProperty("precision").GetString(), Is.EqualTo("bf16"));
        Assert.That(root.GetProperty("not_modelled").GetProperty("share").GetDouble(), Is.Zero);
        Assert.That(root.GetProperty("assumptions").GetProperty("multiprocessors").GetInt32(), Is.EqualTo(132));
        JsonElement[] kernels = [.. root.GetProperty("kernels").EnumerateArray()];
        double[] times = [.. kernels.Select(kernel => kernel.GetProperty("ms").GetDouble())];
        Assert.That(times, Is.Ordered.Descending);
        foreach (JsonElement kernel in kernels)
            Assert.That(output, Does.Contain(kernel.GetProperty("name").GetString()!));
        double overlap = root.GetProperty("overlap_ms").GetDouble();
        Assert.That(overlap, branches ? Is.GreaterThan(0) : Is.Zero, "kernels of two branches run at the same time");
        double beside = root.GetProperty("copy_ms").GetDouble() + root.GetProperty("host_ms").GetDouble() - overlap;
        Assert.That(times.Sum() + beside, Is.EqualTo(step).Within(1e-6), "kernels");
        Assert.That(
            root.GetProperty("families").EnumerateArray().Sum(family => family.GetProperty("ms").GetDouble()) + beside,
            Is.EqualTo(step).Within(1e-6),
            "families"
        );
        Assert.That(
            kernels.Sum(kernel => kernel.GetProperty("launches").GetInt32()),
            Is.EqualTo(root.GetProperty("launches").GetInt32())
        );
    }

    [Test]
    public void Faster_memory_and_less_precise_products_take_less()
    {
        double h100 = StepMs("h100"),
            h200 = StepMs("h200"),
            x6 = StepMs("h100", "--precision", "bf16x6");
        Assert.That(h200, Is.LessThan(h100));
        Assert.That(x6, Is.GreaterThan(h100));

        double StepMs(string model, params string[] more)
        {
            string json = PathOf("step.json");
            RequireSuccess(
                Run(["profile", "--model", model, "--json", json, "--overwrite", .. more, "--set", "training.batch=1"])
            );
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
            return document.RootElement.GetProperty("step_ms").GetDouble();
        }
    }

    /// <summary>As profile --device cuda --trace writes it: operations in row 1, kernels in row 2, microseconds.</summary>
    [Test]
    public void A_measured_profile_is_set_beside_the_predicted_one()
    {
        string trace = PathOf("measured.json"),
            json = PathOf("compared.json");
        object Event(string name, string category, double microseconds) =>
            new
            {
                name,
                cat = category,
                ph = "X",
                ts = 0.0,
                dur = microseconds,
                pid = 1,
                tid = category == "kernel" ? 2 : 1,
                args = new
                {
                    sizes = "",
                    gflops = 0.0,
                    gbytes_per_s = 0.0,
                    allocated_bytes = 0,
                },
            };
        File.WriteAllText(
            trace,
            JsonSerializer.Serialize(
                new
                {
                    traceEvents = new[]
                    {
                        Event("adam", "memory", 9000),
                        Event("adam", "kernel", 1500),
                        Event("adam", "kernel", 500),
                        Event("of_another_version", "kernel", 250),
                    },
                    displayTimeUnit = "ms",
                }
            )
        );
        (int code, string output, string errors) = Run([
            "profile",
            "--model",
            "h100",
            "--against",
            trace,
            "--json",
            json,
            .. Small,
        ]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("ratio").And.Contain("2.250").And.Contain("not launched here: of_another_version"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
        Assert.That(document.RootElement.GetProperty("measured_kernel_ms").GetDouble(), Is.EqualTo(2.25));
        JsonElement adam = document
            .RootElement.GetProperty("kernels")
            .EnumerateArray()
            .Single(kernel => kernel.GetProperty("name").GetString() == "adam");
        Assert.That(adam.GetProperty("measured_ms").GetDouble(), Is.EqualTo(2));
        Assert.That(adam.GetProperty("ratio").GetDouble(), Is.EqualTo(2 / adam.GetProperty("ms").GetDouble()).Within(1e-9));
    }

    [Test]
    public void Predictions_have_times_too()
    {
        (int code, string output, _) = Run("profile", "--model", "h100", "--network", "dilated2d", "--predict");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("for a prediction of dilated2d").And.Contain("max_with_index"));
        Assert.That(output, Does.Contain("2 graphs and 0 waits of the host"));
    }

    [Test]
    public void Mistakes_end_in_one_line()
    {
        RequireOneLine(Run("profile", "--model", "h1000"), 2, "--model 'h1000'", "h100, h200");
        RequireOneLine(Run("profile", "--json", PathOf("x.json")), 2, "--json", "add --model");
        RequireOneLine(Run("profile", "--model", "h100", "--device", "cuda"), 2, "--device", "leave one of them out");
        RequireOneLine(Run("profile", "--model", "h100", "--kernels"), 2, "--kernels");
        RequireOneLine(Run("profile", "--model", "h100", "--network", "unet4d"), 2, "--network", "unet4d");
        RequireOneLine(Run("profile", "--model", "h100", "--costs", PathOf("none.md")), 3, "none.md", "no such file");
        string notes = PathOf("notes.md");
        File.WriteAllText(notes, "{}");
        RequireOneLine(Run("profile", "--model", "h100", "--costs", notes), 3, notes, "tools/kernel-costs.py");
        RequireOneLine(Run(["profile", "--model", "h100", "--against", notes, .. Small]), 3, notes, "no trace of a profile");
        File.WriteAllText(notes, """{"traceEvents": []}""");
        RequireOneLine(Run(["profile", "--model", "h100", "--against", notes, .. Small]), 3, notes, "has no kernels");
        RequireOneLine(Run("profile", "--model", "h100", "--json", notes), 2, notes, "exists");
    }

    /// <summary>Costs of before the rows of what surrounds loops: less is counted, and the output says so.</summary>
    [Test]
    public void Older_costs_leave_out_what_they_do_not_have_and_say_so()
    {
        string costs = PathOf("older.md");
        File.WriteAllText(
            costs,
            """
            | kernel | code, bytes | loop | instructions | per element | divisions | fences | global load / store | shared load / store | products | special |
            |---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|
            | adam | 13440 | memory | 716 | 59.7 | 0 | 0 | 96 / 48 | 0 / 0 | 0 | 20 |
            """
        );
        (int code, string output, string errors) = Run(["profile", "--model", "h100", "--costs", costs, .. Small]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("has no rows of what surrounds loops"));
        Assert.That(output, Does.Match(@"not modelled: [1-9][0-9.]+ %,.*max_pool_forward_8"));
    }
}
