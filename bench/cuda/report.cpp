#include "report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

static std::string format(const char* pattern, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return text;
}

static std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return result + "\"";
}

static int element_bytes(const Case& c) { return c.precision == Precision::Bf16 ? 2 : 4; }

static double bytes_of(const Case& c) { return c.layer.problem.bytes(c.pass, element_bytes(c)); }

static double share(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

static std::string repro(const CaseResult& r) {
  const Case& c = r.measured;
  const char* pass = c.pass == Pass::Forward ? "forward" : c.pass == Pass::BackwardData ? "data" : "weights";
  return "cudnn_bench --problem '" + c.layer.problem.text() + "' --pass " + pass + " --precision " + name_of(c.precision) + " --layout " + name_of(c.layout) +
         (r.engine.empty() ? "" : " --engine '" + r.engine + "' --once");
}

double Report::floor_ms(const Case& c, bool at_measured_rates) const {
  DataSheet sheet = DataSheet::of(gpu);
  auto measured = peaks.gemm_tflops.find(c.precision);
  double tflops = !at_measured_rates ? sheet.tflops[int(c.precision)] : measured == peaks.gemm_tflops.end() ? 0 : measured->second;
  double gbs = at_measured_rates ? peaks.copy_gbs : sheet.bandwidth_gbs;
  return tflops > 0 && gbs > 0 ? std::max(c.layer.problem.flops() / tflops / 1e9, bytes_of(c) / gbs / 1e6) : 0;
}

std::string Report::line(const CaseResult& r) const {
  const Case& c = r.measured;
  std::string text = format("%-36s %-15s %s %s ", c.layer.name.c_str(), name_of(c.pass), name_of(c.precision), name_of(c.layout));
  if (r.complaint.empty())
    text += format("%9.4f ms (min %.4f, noise %.1f %%) %8.0f GFLOP/s, %3.0f %% of the floor, %s of %d, error %.1e", r.times.median_ms, r.times.minimum_ms, r.times.noise_percent,
                   c.layer.problem.flops() / r.times.median_ms / 1e6, share(floor_ms(c, true), r.times.median_ms), r.engine.c_str(), r.configurations, r.relative_error);
  else
    text += "not run: " + r.complaint;
  for (const RefusedEngine& refused : r.refused) text += "\n    REFUSED " + refused.engine + ": " + refused.complaint;
  return text;
}

void Report::write_json(std::ostream& out) const {
  out << "{\n  \"implementation\": \"cudnn\",\n  \"gpu\": " << quoted(gpu) << ",\n  \"driver\": " << driver_version << ",\n  \"cudnn\": " << quoted(cudnn_version) << ",\n  \"l2_bytes\": " << l2_bytes
      << ",\n  \"peaks\": { \"copy_gbs\": " << format("%.1f", peaks.copy_gbs);
  for (const auto& [precision, tflops] : peaks.gemm_tflops) out << ", \"gemm_tflops_" << name_of(precision) << "\": " << format("%.1f", tflops);
  if (!peaks.complaint.empty()) out << ", \"not_run\": " << quoted(peaks.complaint);
  out << " },\n  \"results\": [";
  const char* separator = "\n";
  for (const CaseResult& r : results) {
    const Case& c = r.measured;
    out << separator << "    { \"layer\": " << quoted(c.layer.name) << ", \"count\": " << c.layer.count << ", \"problem\": " << quoted(c.layer.problem.text()) << ", \"pass\": " << quoted(name_of(c.pass))
        << ", \"precision\": " << quoted(name_of(c.precision)) << ", \"layout\": " << quoted(name_of(c.layout));
    if (r.complaint.empty())
      out << format(", \"ms_median\": %.5f, \"ms_min\": %.5f, \"noise_percent\": %.2f, \"runs\": %d, \"gflops\": %.1f, \"gbs\": %.1f", r.times.median_ms, r.times.minimum_ms, r.times.noise_percent, r.times.runs,
                    c.layer.problem.flops() / r.times.median_ms / 1e6, bytes_of(c) / r.times.median_ms / 1e6)
          << format(", \"floor_ms_datasheet\": %.5f, \"floor_ms_measured\": %.5f, \"percent_of_floor\": %.1f, \"relative_error\": %.2e, \"configurations\": %d", floor_ms(c, false), floor_ms(c, true),
                    share(floor_ms(c, true), r.times.median_ms), r.relative_error, r.configurations)
          << ", \"engine\": " << quoted(r.engine);
    else
      out << ", \"not_run\": " << quoted(r.complaint);
    out << ", \"refused\": [";
    for (size_t i = 0; i < r.refused.size(); i++) out << (i ? ", " : "") << "{ \"engine\": " << quoted(r.refused[i].engine) << ", \"complaint\": " << quoted(r.refused[i].complaint) << " }";
    out << "], \"repro\": " << quoted(repro(r)) << " }";
    separator = ",\n";
  }
  out << "\n  ]\n}\n";
}

void Report::write_markdown(std::ostream& out) const {
  out << "cuDNN " << cudnn_version << " on " << gpu << format("; copies %.0f GB/s", peaks.copy_gbs);
  for (const auto& [precision, tflops] : peaks.gemm_tflops) out << format(", %s products %.0f TFLOP/s", name_of(precision), tflops);
  out << ".\n\n| layer | pass | precision | layout | ms | noise % | GFLOP/s | GB/s | % of floor | engine |\n|---|---|---|---|---:|---:|---:|---:|---:|---|\n";
  for (const CaseResult& r : results) {
    const Case& c = r.measured;
    out << "| " << c.layer.name << " | " << name_of(c.pass) << " | " << name_of(c.precision) << " | " << name_of(c.layout) << " | ";
    if (r.complaint.empty())
      out << format("%.4f | %.1f | %.0f | %.0f | %.0f | ", r.times.median_ms, r.times.noise_percent, c.layer.problem.flops() / r.times.median_ms / 1e6, bytes_of(c) / r.times.median_ms / 1e6,
                    share(floor_ms(c, true), r.times.median_ms))
          << r.engine << (r.refused.empty() ? "" : format("; %zu refused as wrong", r.refused.size())) << " |\n";
    else
      out << "| | | | | not run: " << r.complaint << " |\n";
  }
}
